// One line about the source: which account, and how fresh its figures are.
import { Skeleton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Connection } from '../api/types'
import { useNow } from '../parts/use-now'
import { gaps } from '../words/datasets'
import { relative } from '../words/format'
import classes from './frame.module.css'

type Tone = 'good' | 'warn' | 'bad' | 'off'

export function ConnectionChip(props: { connection: Connection | undefined; loading: boolean }) {
  const now = useNow()
  if (props.loading) return <Skeleton width={200} height={26} radius="xl" />
  const { tone, words } = chipWords(props.connection, now)
  return (
    <Link to="/connections" className={classes.chipLink ?? ''} data-tone={tone}>
      <span className={classes.dot} aria-hidden="true" />
      <span className={classes.chipText}>{words}</span>
    </Link>
  )
}

/** The chip's words; exported for its table test. */
export function chipWords(
  connection: Connection | undefined,
  now: Date,
): { tone: Tone; words: string } {
  if (connection === undefined) return { tone: 'off', words: 'PagerDuty · not connected' }
  const account = `PagerDuty · ${connection.subdomain}`
  if (connection.state === 'disconnected') return { tone: 'off', words: `${account} · disconnected` }
  if (connection.state === 'reconnect') {
    return { tone: 'bad', words: `${account} · reconnect needed` }
  }
  return { tone: syncTone(connection), words: `${account} · ${syncWords(connection, now)}` }
}

function syncWords({ sync }: Connection, now: Date): string {
  if (sync == null) return 'first sync starts soon'
  if (sync.state === 'queued' || sync.state === 'running') return 'syncing'
  if (sync.state === 'failed') return 'last sync failed'
  return `synced ${relative(sync.finished_at ?? sync.as_of, now)}`
}

function syncTone({ sync }: Connection): Tone {
  if (sync == null) return 'warn'
  if (sync.state === 'failed') return 'bad'
  return sync.state === 'succeeded' && gaps(sync.datasets).length > 0 ? 'warn' : 'good'
}
