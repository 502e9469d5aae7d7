// The state of a connection as the card tells it: degraded is connected with something missing.
import type { Connection } from '../../api/types'
import { gaps } from '../../words/datasets'

export type CardState =
  | 'not_connected'
  | 'authorizing'
  | 'connected'
  | 'degraded'
  | 'reconnect'
  | 'disconnected'

const LABELS: Record<CardState, string> = {
  not_connected: 'Not connected',
  authorizing: 'Waiting for PagerDuty',
  connected: 'Connected',
  degraded: 'Connected, degraded',
  reconnect: 'Reconnect needed',
  disconnected: 'Disconnected',
}

export const cardStateLabel = (state: CardState): string => LABELS[state]

export function cardState(connection: Connection | undefined): CardState {
  if (connection === undefined) return 'not_connected'
  if (connection.state !== 'connected') return connection.state
  return isDegraded(connection) ? 'degraded' : 'connected'
}

/** Refused datasets stay refused until someone acts; partial and pending ones fill up by themselves. */
export function isDegraded({ sync, scopes_missing: missing }: Connection): boolean {
  const refused = gaps(sync?.datasets ?? []).filter(
    ({ state }) => state === 'forbidden' || state === 'not_in_plan',
  )
  return missing.length > 0 || refused.length > 0
}
