// The catalogue, one feature in detail, the heat map, and the add-ons of the account.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Moment, Reading } from '../frame/reading'
import { read } from './client'
import { AGGREGATE_STALE_MS, ANSWERS } from './keys'
import type { Schemas, Sent } from './types'

export type Share = Sent<Schemas['FeatureGroupCell']>
export type FeatureDetail = Sent<Schemas['FeatureDetail']>
export type HeatCell = Sent<Schemas['Cell']>
export type HeatMatrix = Sent<Schemas['Matrix']>
export type Addon = Sent<Schemas['Addon']>

export const HEAT_ROWS = ['team', 'month', 'license'] as const
export type HeatRows = (typeof HEAT_ROWS)[number]

export const featureQuery = (id: string, reading: Reading) =>
  queryOptions({
    queryKey: [ANSWERS, 'feature', id, reading],
    queryFn: ({ signal }) =>
      read<FeatureDetail>(`/features/${encodeURIComponent(id)}`, { ...reading }, signal),
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const matrixQuery = (by: HeatRows, reading: Reading) =>
  queryOptions({
    queryKey: [ANSWERS, 'matrix', by, reading],
    queryFn: ({ signal }) => read<HeatMatrix>('/features/matrix', { by, ...reading }, signal),
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const addonsQuery = (moment: Moment) =>
  queryOptions({
    queryKey: [ANSWERS, 'addons', moment],
    queryFn: async ({ signal }) => (await read<Sent<Schemas['List_Addon']>>('/addons', { ...moment }, signal)).data,
    staleTime: AGGREGATE_STALE_MS,
  })
