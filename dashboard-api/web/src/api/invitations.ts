// Asking someone else to connect: the list for members, and the page the invited person opens.
import { queryOptions } from '@tanstack/react-query'
import { postPage, read, write } from './client'
import type { Schemas, Sent } from './types'

export type InvitationState = Schemas['InvitationStateName']
export type Invitation = Sent<Schemas['Invitation']>
export type NewInvitation = Sent<Schemas['FreshInvitation']>
export type InvitationRequest = Schemas['NewInvitation']
export type InvitationView = Sent<Schemas['OpenInvitation']>

export const INVITATIONS = ['invitations']

export const invitationsQuery = queryOptions({
  queryKey: INVITATIONS,
  queryFn: async ({ signal }) => (await read<Sent<Schemas['Rows_Invitation']>>('/invitations', {}, signal)).data,
})

export const invite = (request: InvitationRequest): Promise<NewInvitation> =>
  write('POST', '/invitations', request)

export const resendInvitation = (id: string): Promise<NewInvitation> =>
  write('POST', `/invitations/${encodeURIComponent(id)}/resend`)

export const revokeInvitation = (id: string): Promise<unknown> =>
  write('DELETE', `/invitations/${encodeURIComponent(id)}`)

export const lookUpInvitation = (token: string): Promise<InvitationView> =>
  postPage('/invite/look-up', { token })
