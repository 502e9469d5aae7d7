// What the organization decides about itself: rules, exemptions, privacy, notifications, views.
import { queryOptions } from '@tanstack/react-query'
import { read, write } from './client'
import type { Schemas, Sent } from './types'

export type Organization = Schemas['NamedId']
export type Thresholds = Schemas['Thresholds']
export type Exemption = Sent<Schemas['Exemption']>
export type PrivacyMode = Schemas['PrivacyMode']
/** The secret comes only with a changed address. */
export type Notifications = Sent<Omit<Schemas['Notifications'], 'secret'>> & { secret?: string }
export type SavedView = Schemas['SavedView']
export type SavedPage = Schemas['SavedPage']

export const ORGANIZATION = ['organization']
export const THRESHOLDS = ['thresholds']
export const EXEMPTIONS = ['exemptions']
export const PRIVACY = ['privacy']
export const NOTIFICATIONS = ['notifications']
export const SAVED_VIEWS = ['saved-views']

export const organizationQuery = queryOptions({
  queryKey: ORGANIZATION,
  queryFn: ({ signal }) => read<Organization>('/organization', {}, signal),
})

export const renameOrganization = (name: string): Promise<Organization> =>
  write('PATCH', '/organization', { name })

export const thresholdsQuery = queryOptions({
  queryKey: THRESHOLDS,
  queryFn: ({ signal }) => read<Thresholds>('/thresholds', {}, signal),
})

export const saveThresholds = (thresholds: Thresholds): Promise<Thresholds> =>
  write('PUT', '/thresholds', thresholds)

export const exemptionsQuery = queryOptions({
  queryKey: EXEMPTIONS,
  queryFn: async ({ signal }) => (await read<Sent<Schemas['Rows_Exemption']>>('/exemptions', {}, signal)).data,
})

export const exempt = (request: Schemas['NewExemption']): Promise<Exemption> =>
  write('POST', '/exemptions', request)

export const endExemption = (userId: string): Promise<unknown> =>
  write('DELETE', `/exemptions/${encodeURIComponent(userId)}`)

export const privacyQuery = queryOptions({
  queryKey: PRIVACY,
  queryFn: ({ signal }) => read<{ mode: PrivacyMode }>('/privacy', {}, signal),
})

export const savePrivacy = (mode: PrivacyMode): Promise<{ mode: PrivacyMode }> =>
  write('PUT', '/privacy', { mode })

export const erasePerson = (userId: string): Promise<unknown> =>
  write('POST', `/people/${encodeURIComponent(userId)}/erase`)

export const notificationsQuery = queryOptions({
  queryKey: NOTIFICATIONS,
  queryFn: ({ signal }) => read<Notifications>('/notifications', {}, signal),
})

export const saveNotifications = (input: Schemas['NewNotifications']): Promise<Notifications> =>
  write('PUT', '/notifications', input)

export const testNotifications = (): Promise<unknown> => write('POST', '/notifications/test')

export const savedViewsQuery = queryOptions({
  queryKey: SAVED_VIEWS,
  queryFn: async ({ signal }) => (await read<Schemas['Rows_SavedView']>('/saved-views', {}, signal)).data,
})

export const saveView = (view: Schemas['NewView']): Promise<SavedView> =>
  write('POST', '/saved-views', view)

export const deleteView = (id: string): Promise<unknown> =>
  write('DELETE', `/saved-views/${encodeURIComponent(id)}`)
