// The runs of the connection, newest first, each with its datasets on demand.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { connectionsQuery } from '../../api/queries'
import { runsQuery } from '../../api/sources'
import type { Connection, Sync } from '../../api/types'
import { Badge, type Tone } from '../../parts/badge'
import { EmptyState } from '../../parts/empty-state'
import { Loaded } from '../../parts/loaded'
import { MoreButton } from '../../parts/more-button'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { gaps, runLabel } from '../../words/datasets'
import { count, instant, secondsBetween, span } from '../../words/format'
import { SyncProgress } from '../connections/sync-progress'
import classes from './sync.module.css'

export function Runs() {
  const query = useQuery(connectionsQuery)
  return (
    <Loaded query={query} label="connections">
      {(connections) =>
        connections.length === 0 ? (
          <EmptyState title="Nothing is connected">
            <p>Runs show here once PagerDuty is connected.</p>
          </EmptyState>
        ) : (
          connections.map((connection) => <RunsOf key={connection.id} connection={connection} />)
        )
      }
    </Loaded>
  )
}

function RunsOf({ connection }: { connection: Connection }) {
  const query = useInfiniteQuery(runsQuery(connection.id))
  return (
    <Panel title={`PagerDuty · ${connection.subdomain}`} flush>
      <Loaded query={query} label="runs">
        {({ pages }) => {
          const runs = pages.flatMap(({ data }) => data)
          return runs.length === 0 ? (
            <p className={parts.none}>No run yet.</p>
          ) : (
            runs.map((run) => <Run key={run.run_id} run={run} />)
          )
        }}
      </Loaded>
      <div className={classes.more}>
        <MoreButton query={query} />
      </div>
    </Panel>
  )
}

const TONES: Record<Sync['state'], Tone> = {
  queued: 'plain',
  running: 'plain',
  paused: 'warn',
  cancelled: 'plain',
  succeeded: 'good',
  failed: 'bad',
}

function Run({ run }: { run: Sync }) {
  const missing = gaps(run.datasets).length
  return (
    <details className={classes.run}>
      <summary>
        <Badge tone={TONES[run.state]}>{runLabel(run.state)}</Badge>
        <span>{instant(run.started_at)}</span>
        <span className={parts.dim}>{duration(run)}</span>
        <span className={parts.dim}>
          {count(run.requests)} requests, {count(run.rate_limited)} refused by the rate limit
        </span>
        {missing > 0 && <span className={parts.dim}>{count(missing)} not complete</span>}
        {run.reason !== '' && <span>{run.reason}</span>}
      </summary>
      <SyncProgress sync={run} />
    </details>
  )
}

function duration({ started_at: from, finished_at: to }: Sync): string {
  if (from == null || to == null) return 'not finished'
  return `took ${span(secondsBetween(from, to))}`
}
