// Where the figures come from: datasets, receipts, runs, parked messages, and what a connection may do.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { read, write } from './client'
import { ANSWERS } from './keys'
import type { Connection, Schemas, Sent } from './types'

export type DatasetRow = Sent<Schemas['DatasetRow']>
export type DatasetTable = Sent<Schemas['SourceList_DatasetRow']>
export type Receipt = Sent<Schemas['Receipt']>
export type ParkedMessage = Sent<Schemas['ParkedMessage']>
export type DirectConnect = Schemas['Direct']

export const datasetsQuery = queryOptions({
  queryKey: [ANSWERS, 'datasets'],
  queryFn: ({ signal }) => read<DatasetTable>('/datasets', {}, signal),
  refetchInterval: 60_000,
})

const RECEIPTS_PAGE = 100

export const receiptsQuery = (dataset: string | undefined) =>
  infiniteQueryOptions({
    queryKey: [ANSWERS, 'receipts', dataset ?? ''],
    queryFn: ({ pageParam, signal }) =>
      read<Sent<Schemas['SourceList_Receipt']>>(
        '/receipts',
        { dataset, limit: RECEIPTS_PAGE, cursor: pageParam },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (page) => page.next_cursor,
  })

const RUNS_PAGE = 20

export const runsQuery = (connectionId: string) =>
  infiniteQueryOptions({
    queryKey: [ANSWERS, 'runs', connectionId],
    queryFn: ({ pageParam, signal }) =>
      read<Sent<Schemas['Rows_Sync']>>(
        `/connections/${encodeURIComponent(connectionId)}/runs`,
        { limit: RUNS_PAGE, before: pageParam },
        signal,
      ),
    initialPageParam: '',
    // A page that is not full is the last.
    getNextPageParam: ({ data }) => (data.length < RUNS_PAGE ? null : data[data.length - 1]?.started_at),
  })

export const PARKED = ['parked-messages']

export const parkedQuery = queryOptions({
  queryKey: PARKED,
  queryFn: ({ signal }) =>
    read<Sent<Schemas['ParkedList']>>('/parked-messages', {}, signal),
})

export const replayParked = (
  which: { ids: string[] } | { all: true },
): Promise<Schemas['Replayed']> => write('POST', '/parked-messages/replay', which)

const connectionPath = (id: string) => `/connections/${encodeURIComponent(id)}` as const

export type RunOrder = 'syncs' | 'pause' | 'resume' | 'cancel' | 'probe'

/** Starts, pauses, resumes or cancels the reading, or asks PagerDuty again what may be read. */
export const order = (id: string, what: RunOrder): Promise<unknown> =>
  write('POST', `${connectionPath(id)}/${what}`)

export const disconnect = (id: string, eraseData: boolean): Promise<Connection> =>
  write('POST', `${connectionPath(id)}/disconnect`, { erase_data: eraseData })

export const connectDirectly = (input: DirectConnect): Promise<Connection> =>
  write('POST', '/connections/direct', input)

export const saveWebhook = (id: string, secret: string | undefined): Promise<Connection> =>
  write('PUT', `${connectionPath(id)}/webhook`, secret === undefined ? {} : { secret })

export const removeWebhook = (id: string): Promise<unknown> =>
  write('DELETE', `${connectionPath(id)}/webhook`)
