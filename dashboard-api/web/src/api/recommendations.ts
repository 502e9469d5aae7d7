// What the figures suggest, why, what stands in the way, and what people decided about it.
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { read, write } from './client'
import { AGGREGATE_STALE_MS, ANSWERS } from './keys'
import type { DatasetStateName, Schemas, Sent } from './types'

export type RecommendationKind = Schemas['RecommendationKind']
export type DecisionState = Schemas['RecommendationState']
/** What a person may decide; that it is done is shown by a later sync alone. */
export type Wish = Schemas['StateAsked']
export type Blocker = Sent<Schemas['Blocker']>
export type Recommendation = Sent<Schemas['Recommendation']>
export type DecisionResult = Sent<Schemas['StateResult']>
export type Decision = Omit<Schemas['StateWishes'], 'ids'>

/** One thing the recommendation rests on: what was found last, or which dataset proves the rest. */
export type Proof =
  | { kind: 'seat'; id: string; at: string | null; class: string; window_days: number }
  | { kind: 'last_use'; feature: string; verdict: string; at: string }
  | { kind: 'accepted_blind_spot'; dataset: string }
  | {
      kind: 'coverage'
      dataset: string
      state: DatasetStateName
      covered_from: string | null
      covered_to: string | null
      reason: string
    }
  | { kind: 'load'; duty_seconds: number; notifications: number; acknowledgements: number }
  | { kind: 'addon'; id: string; objects: number; at: string | null }

export type RecommendationDetail = Recommendation &
  Pick<Sent<Schemas['RecommendationDetail']>, 'history'> & { evidence: Proof[] }

export interface RecommendationFilter {
  kind?: string
  state?: string
  confidence?: string
  team?: string
  sort?: string
}

const PAGE = 100

export const recommendationsQuery = (filter: RecommendationFilter) =>
  infiniteQueryOptions({
    queryKey: [ANSWERS, 'recommendations', filter],
    queryFn: ({ pageParam, signal }) =>
      read<Sent<Schemas['List_Recommendation']>>('/recommendations', { ...filter, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const recommendationQuery = (id: string) =>
  queryOptions({
    queryKey: [ANSWERS, 'recommendation', id],
    queryFn: ({ signal }) =>
      read<RecommendationDetail>(`/recommendations/${encodeURIComponent(id)}`, {}, signal),
  })

export const decideMany = (ids: string[], decision: Decision): Promise<{ data: DecisionResult[] }> =>
  write('POST', '/recommendations/state', { ids, ...decision })
