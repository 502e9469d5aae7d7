// The single uses of a person, page by page.
import { infiniteQueryOptions } from '@tanstack/react-query'
import type { Moment } from '../frame/reading'
import { read } from './client'
import { AGGREGATE_STALE_MS, ANSWERS } from './keys'
import type { Evidence } from './types'

const PAGE = 100

export const evidenceQuery = (userId: string, feature: string | undefined, moment: Moment) =>
  infiniteQueryOptions({
    queryKey: [ANSWERS, 'evidence', userId, feature ?? '', moment],
    queryFn: ({ pageParam, signal }) =>
      read<{ data: Evidence[]; next_cursor: string | null }>(
        `/users/${encodeURIComponent(userId)}/evidence`,
        { ...moment, feature, limit: PAGE, cursor: pageParam },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    staleTime: AGGREGATE_STALE_MS,
  })
