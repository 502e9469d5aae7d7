// The page before the first figures exist: the three steps to them and where we stand.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { connectionsQuery } from '../api/queries'
import type { Connection, Sync } from '../api/types'
import { CheckIcon } from '../parts/icons'
import classes from '../parts/parts.module.css'
import { count, textOr } from '../words/format'
import { currentConnection } from './current-connection'

type StepState = 'done' | 'current' | 'later'

export function FirstRun() {
  const { data: connections } = useQuery(connectionsQuery)
  const connection = currentConnection(connections)
  const connected = connection?.state === 'connected'
  const synced = connected && connection.sync?.state === 'succeeded'
  return (
    <div className={classes.firstRun}>
      <h2>Three steps to the first figures</h2>
      <ol>
        <Step state={connected ? 'done' : 'current'} title="Connect PagerDuty">
          {connected ? <p>Account {connection.subdomain}.</p> : <ConnectStep connection={connection} />}
        </Step>
        <Step state={synced ? 'done' : connected ? 'current' : 'later'} title="First sync">
          <SyncStep connection={connected ? connection : undefined} />
        </Step>
        <Step state={synced ? 'current' : 'later'} title="Figures">
          <p>
            {synced
              ? 'The figures are being worked out; this page shows them by itself when they are ready.'
              : 'Seats, utilization and feature use, each with the evidence behind it.'}
          </p>
        </Step>
      </ol>
    </div>
  )
}

function Step(props: { state: StepState; title: string; children: ReactNode }) {
  return (
    <li data-state={props.state} aria-current={props.state === 'current' ? 'step' : undefined}>
      <span className={classes.stepMark} aria-hidden="true">
        {props.state === 'done' && <CheckIcon />}
      </span>
      <div>
        <h3>{props.title}</h3>
        {props.children}
      </div>
    </li>
  )
}

function ConnectStep({ connection }: { connection: Connection | undefined }) {
  return (
    <>
      <p>
        {textOr(
          connection?.reason,
          'An administrator of the PagerDuty account signs in at PagerDuty and allows reading. No password reaches this product.',
        )}
      </p>
      <p>
        <Link to="/connections" className={classes.primaryLink ?? ''}>
          Connect PagerDuty
        </Link>
      </p>
    </>
  )
}

function SyncStep({ connection }: { connection: Connection | undefined }) {
  if (connection === undefined) return <p>Reads up to 12 months of history, once.</p>
  const { sync } = connection
  if (sync == null) return <p>Starts in a moment.</p>
  if (sync.state === 'failed') {
    return (
      <p>
        The first sync failed{sync.reason ? `: ${sync.reason}` : ''}.{' '}
        <Link to="/connections">Open Connections</Link>
      </p>
    )
  }
  return (
    <p>
      {count(receivedBy(sync))} records received, {finishedDatasets(sync)} of {sync.datasets.length}{' '}
      datasets done. <Link to="/connections">Watch the progress</Link>
    </p>
  )
}

const receivedBy = (sync: Sync): number =>
  sync.datasets.reduce((sum, dataset) => sum + dataset.received, 0)

const finishedDatasets = (sync: Sync): number =>
  sync.datasets.filter((dataset) => dataset.state !== 'pending').length
