// What the reader must know before trusting the figures: access ended, data old, datasets missing.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { connectionsQuery } from '../api/queries'
import type { Connection } from '../api/types'
import { Notice } from '../parts/notice'
import { useNow } from '../parts/use-now'
import { datasetLabel, gapReason, gaps } from '../words/datasets'
import { instant, list, secondsBetween } from '../words/format'
import { currentConnection } from './current-connection'

const frameRoute = getRouteApi('/frame')

/** Older than a day and two hours means that at least one daily round was missed. */
const STALE_SECONDS = 26 * 3600

export function FreshnessBanner(props: { asOf: string }) {
  const { data: connections } = useQuery(connectionsQuery)
  const now = useNow()
  const { as_of: lookBack } = frameRoute.useSearch()
  const connection = currentConnection(connections)
  // A look back is old on purpose, and what is connected now says nothing about that day.
  if (connections === undefined || lookBack !== undefined) return null
  const age = secondsBetween(props.asOf, now.toISOString())
  const warning = accessWarning(connection, props.asOf) ?? staleWarning(age, props.asOf)
  return (
    <>
      {warning}
      {connection?.sync && <PartialNotice connection={connection} />}
    </>
  )
}

function accessWarning(connection: Connection | undefined, asOf: string): ReactNode {
  if (connection?.state === 'connected') return null
  const title =
    connection?.state === 'reconnect'
      ? 'PagerDuty has to be reconnected'
      : 'PagerDuty is not connected any more'
  return (
    <Notice tone="bad" title={title}>
      <p>
        {connection?.reason ? `${connection.reason}. ` : ''}The figures stay as of {instant(asOf)}.{' '}
        <Link to="/connections">Open Connections</Link>
      </p>
    </Notice>
  )
}

function staleWarning(age: number, asOf: string): ReactNode {
  if (age < STALE_SECONDS) return null
  return (
    <Notice tone="warn" title="These figures are not fresh">
      <p>
        They speak up to {instant(asOf)}. <Link to="/connections">See the last sync</Link>
      </p>
    </Notice>
  )
}

function PartialNotice({ connection }: { connection: Connection }) {
  const missing = gaps(connection.sync?.datasets ?? [])
  if (missing.length === 0 || connection.sync?.state === 'running') return null
  const names = list(missing.map((dataset) => datasetLabel(dataset.dataset)))
  return (
    <Notice tone="warn" title={`Not everything could be read: ${names}`}>
      <details>
        <summary>What depends on them is shown as unknown, never as unused. Why they are missing</summary>
        <ul>
          {missing.map((dataset) => (
            <li key={dataset.dataset}>
              {datasetLabel(dataset.dataset)}: {gapReason(dataset)}
            </li>
          ))}
        </ul>
      </details>
    </Notice>
  )
}
