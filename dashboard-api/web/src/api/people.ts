// Members, API keys, sign-in methods and the audit log of the organization.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { postPage, read, write } from './client'
import type { Schemas, Sent } from './types'

export type Member = Sent<Schemas['Member']>
export type ApiKey = Sent<Schemas['ApiKey']>
export type NewApiKey = Sent<Schemas['FreshApiKey']>
export type AuditEntry = Sent<Omit<Schemas['AuditEntry'], 'detail'>> & { detail: unknown }

export const MEMBERS = ['members']
export const API_KEYS = ['api-keys']

export const membersQuery = queryOptions({
  queryKey: MEMBERS,
  queryFn: async ({ signal }) => (await read<Sent<Schemas['Rows_Member']>>('/members', {}, signal)).data,
})

export const addMember = (input: Schemas['NewMember']): Promise<Member> =>
  write('POST', '/members', input)

export const changeMember = (id: string, role: Schemas['RoleName']): Promise<Member> =>
  write('PATCH', `/members/${encodeURIComponent(id)}`, { role })

export const removeMember = (id: string): Promise<unknown> =>
  write('DELETE', `/members/${encodeURIComponent(id)}`)

export const apiKeysQuery = queryOptions({
  queryKey: API_KEYS,
  queryFn: async ({ signal }) => (await read<Sent<Schemas['Rows_ApiKey']>>('/api-keys', {}, signal)).data,
})

export const createKey = (input: Schemas['NewApiKey']): Promise<NewApiKey> => write('POST', '/api-keys', input)

export const rotateKey = (id: string): Promise<NewApiKey> =>
  write('POST', `/api-keys/${encodeURIComponent(id)}/rotate`)

export const revokeKey = (id: string): Promise<unknown> =>
  write('DELETE', `/api-keys/${encodeURIComponent(id)}`)

const AUDIT_PAGE = 100

export const auditQuery = infiniteQueryOptions({
  queryKey: ['audit-log'],
  queryFn: ({ pageParam, signal }) =>
    read<{ data: AuditEntry[]; next_before: number | null }>(
      '/audit-log',
      { limit: AUDIT_PAGE, before: pageParam === 0 ? undefined : pageParam },
      signal,
    ),
  initialPageParam: 0,
  getNextPageParam: (page) => page.next_before,
})

export const auditVerificationQuery = queryOptions({
  queryKey: ['audit-log', 'verification'],
  queryFn: ({ signal }) =>
    read<Sent<Schemas['AuditVerification']>>('/audit-log/verification', {}, signal),
})

export const signInMethodsQuery = queryOptions({
  queryKey: ['sign-in-methods'],
  queryFn: ({ signal }) =>
    read<Sent<Schemas['SignInMethods']>>('/sign-in-methods', {}, signal),
  staleTime: Infinity,
})

export const askForLink = (email: string): Promise<void> => postPage('/sign-in/link', { email })
