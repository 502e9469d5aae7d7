// What the page asks the server for, under which key, and for how long an answer is good. The
// assertions narrow closed sets of words; the compiler refuses one that names another shape.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, body } from './client'
import type { Connection, Overview, UserDetail, UserPage } from './types'

/** Aggregates change only with a generation, and that is announced; the server says 30 s. */
const AGGREGATE_STALE_MS = 30_000
/** The chip's "synced … ago" moves without an event too. */
const CONNECTIONS_REFRESH_MS = 60_000
const USERS_PAGE = 100

export interface UsersFilter {
  window: number
  class?: string
  q?: string
  license?: string
  team?: string
  sort?: string
}

export const ANSWERS = 'answers'

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => body(api.GET('/api/v1/session', { signal })),
  staleTime: 5 * 60_000,
})

export const connectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: async ({ signal }) =>
    (await body(api.GET('/api/v1/connections', { signal }))).data as Connection[],
  staleTime: 5_000,
  refetchInterval: CONNECTIONS_REFRESH_MS,
})

export const overviewQuery = (window: number) =>
  queryOptions({
    queryKey: [ANSWERS, 'overview', window],
    queryFn: async ({ signal }) =>
      (await body(
        api.GET('/api/v1/overview', { params: { query: { window } }, signal }),
      )) as Overview,
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const featuresQuery = (window: number) =>
  queryOptions({
    queryKey: [ANSWERS, 'features', window],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/features', { params: { query: { window } }, signal })),
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const licensesQuery = (window: number) =>
  queryOptions({
    queryKey: [ANSWERS, 'licenses', window],
    queryFn: ({ signal }) =>
      body(api.GET('/api/v1/licenses', { params: { query: { window } }, signal })),
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const userQuery = (id: string, window: number) =>
  queryOptions({
    queryKey: [ANSWERS, 'user', id, window],
    queryFn: async ({ signal }) =>
      (await body(
        api.GET('/api/v1/users/{id}', { params: { path: { id }, query: { window } }, signal }),
      )) as UserDetail,
    staleTime: AGGREGATE_STALE_MS,
  })

export const usersQuery = (filter: UsersFilter) =>
  infiniteQueryOptions({
    queryKey: [ANSWERS, 'users', filter],
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...filter, limit: USERS_PAGE, ...(pageParam ? { cursor: pageParam } : {}) }
      return (await body(api.GET('/api/v1/users', { params: { query }, signal }))) as UserPage
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor ?? null,
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export async function startSync(id: string): Promise<void> {
  await api.POST('/api/v1/connections/{id}/syncs', { params: { path: { id } } })
}

export async function disconnect(id: string): Promise<void> {
  await api.POST('/api/v1/connections/{id}/disconnect', { params: { path: { id } } })
}
