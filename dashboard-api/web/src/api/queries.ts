// The reads every page shares, under which key, and for how long an answer is good.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Moment, Reading } from '../frame/reading'
import { read } from './client'
import { AGGREGATE_STALE_MS, ANSWERS } from './keys'
import type { Connection, FeatureList, LicenseList, Overview, Session, UserDetail, UserPage } from './types'

/** The chip's "synced … ago" moves without an event too. */
const CONNECTIONS_REFRESH_MS = 60_000
const USERS_PAGE = 100

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => read<Session>('/session', {}, signal),
  staleTime: 5 * 60_000,
})

export const connectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: async ({ signal }) =>
    (await read<{ data: Connection[] }>('/connections', {}, signal)).data,
  staleTime: 5_000,
  refetchInterval: CONNECTIONS_REFRESH_MS,
})

const aggregate = { staleTime: AGGREGATE_STALE_MS, placeholderData: keepPreviousData } as const

export const overviewQuery = (reading: Reading) =>
  queryOptions({
    queryKey: [ANSWERS, 'overview', reading],
    queryFn: ({ signal }) => read<Overview>('/overview', { ...reading }, signal),
    ...aggregate,
  })

export const featuresQuery = (reading: Reading) =>
  queryOptions({
    queryKey: [ANSWERS, 'features', reading],
    queryFn: ({ signal }) => read<FeatureList>('/features', { ...reading }, signal),
    ...aggregate,
  })

export const licensesQuery = (reading: Reading) =>
  queryOptions({
    queryKey: [ANSWERS, 'licenses', reading],
    queryFn: ({ signal }) => read<LicenseList>('/licenses', { ...reading }, signal),
    ...aggregate,
  })

export const userQuery = (id: string, reading: Moment) =>
  queryOptions({
    queryKey: [ANSWERS, 'user', id, reading],
    queryFn: ({ signal }) =>
      read<UserDetail>(`/users/${encodeURIComponent(id)}`, { ...reading }, signal),
    staleTime: AGGREGATE_STALE_MS,
  })

/** What narrows and orders the Users page, as the server names it. */
export type UsersFilter = Reading & Record<string, string | number | undefined>

export const usersQuery = (filter: UsersFilter) =>
  infiniteQueryOptions({
    queryKey: [ANSWERS, 'users', filter],
    queryFn: ({ pageParam, signal }) =>
      read<UserPage>('/users', { ...filter, limit: USERS_PAGE, cursor: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? null,
    ...aggregate,
  })

/** The first few people of a search, for the keyboard search. */
export const peopleSearchQuery = (q: string) =>
  queryOptions({
    queryKey: [ANSWERS, 'people-search', q],
    queryFn: async ({ signal }) =>
      (await read<UserPage>('/users', { q, limit: 6, sort: 'name' }, signal)).data,
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })
