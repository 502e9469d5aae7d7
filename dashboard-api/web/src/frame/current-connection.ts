// Which connection the frame speaks of when there are several.
import type { Connection, ConnectionState } from '../api/types'

const RANK: Record<ConnectionState, number> = { connected: 0, reconnect: 1, disconnected: 2 }

const consentOf = (connection: Connection): string => connection.consented_at ?? ''

/** The one that works best; the newest consent among equals. */
export function currentConnection(connections: Connection[] | undefined): Connection | undefined {
  return connections?.toSorted(
    (a, b) => RANK[a.state] - RANK[b.state] || consentOf(b).localeCompare(consentOf(a)),
  )[0]
}
