// Seats and load by team: teams, on-call load, incidents.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Moment, Reading } from '../frame/reading'
import { read } from './client'
import { AGGREGATE_STALE_MS, ANSWERS } from './keys'
import type { Schemas, Sent } from './types'

export type TeamRow = Sent<Schemas['Team']>
export type TeamTable = Sent<Schemas['TeamList']>
export type LoadRow = Sent<Schemas['PersonLoad']>
export type SoleLevel = Schemas['SinglePersonLevel']
export type OncallLoad = Sent<Schemas['OncallLoad']>
export type IncidentWeek = Sent<Schemas['IncidentBucket']>

export const teamsQuery = (reading: Reading) =>
  queryOptions({
    queryKey: [ANSWERS, 'teams', reading],
    queryFn: ({ signal }) => read<TeamTable>('/teams', { ...reading }, signal),
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const oncallQuery = (reading: Moment & Pick<Reading, 'team'>) =>
  queryOptions({
    queryKey: [ANSWERS, 'oncall-load', reading],
    queryFn: ({ signal }) => read<OncallLoad>('/oncall-load', { ...reading }, signal),
    staleTime: AGGREGATE_STALE_MS,
    placeholderData: keepPreviousData,
  })

export const incidentsQuery = (moment: Moment) =>
  queryOptions({
    queryKey: [ANSWERS, 'incidents', moment],
    queryFn: async ({ signal }) =>
      (await read<Sent<Schemas['List_IncidentBucket']>>('/incidents/summary', { grain: 'week', ...moment }, signal)).data,
    staleTime: AGGREGATE_STALE_MS,
  })
