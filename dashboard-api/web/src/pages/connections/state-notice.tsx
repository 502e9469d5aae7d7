// What the state of the card means, and what the consent clock says about its end.
import type { AccessWarning, Connection } from '../../api/types'
import { Notice } from '../../parts/notice'
import { useNow } from '../../parts/use-now'
import { warningTitle } from '../../words/access'
import { datasetLabel, gapReason, gaps } from '../../words/datasets'
import { date, instant, relative, textOr } from '../../words/format'
import type { CardState } from './card-state'

export function StateNotice(props: { state: CardState; connection: Connection | undefined }) {
  const { state, connection } = props
  if (state === 'authorizing') return <Authorizing />
  if (connection === undefined) return null
  switch (state) {
    case 'reconnect':
      return (
        <Notice tone="bad" title="The access has ended">
          <p>
            {textOr(connection.reason, 'PagerDuty does not accept the stored access any more')}. Nothing
            is fetched until someone presses Reconnect; the figures stay as of the last sync.
          </p>
        </Notice>
      )
    case 'disconnected':
      return <Disconnected connection={connection} />
    case 'degraded':
      return <Degraded connection={connection} />
    case 'connected':
    case 'not_connected':
      return connection.sync == null ? <AwaitingSync connection={connection} /> : null
  }
}

function Authorizing() {
  return (
    <Notice tone="plain" title="PagerDuty is opening">
      <p>Sign in there and allow reading. This page comes back with the outcome.</p>
    </Notice>
  )
}

function Disconnected({ connection }: { connection: Connection }) {
  const reason = connection.reason ? `${connection.reason}. ` : ''
  return (
    <Notice tone="plain" title="Disconnected">
      <p>
        {reason}The stored access was destroyed.{' '}
        {connection.erase_at == null
          ? 'What was read before is kept; Reconnect continues where it stopped.'
          : `What was read is erased on ${date(connection.erase_at)}; Reconnect before then keeps it.`}
      </p>
    </Notice>
  )
}

function AwaitingSync({ connection }: { connection: Connection }) {
  return (
    <Notice tone="plain" title="The first sync starts in a moment">
      <p>Consent was given on {instant(connection.consented_at)}. Progress shows here by itself.</p>
    </Notice>
  )
}

function Degraded({ connection }: { connection: Connection }) {
  const refused = gaps(connection.sync?.datasets ?? []).filter(
    ({ state }) => state === 'forbidden' || state === 'not_in_plan',
  )
  return (
    <Notice tone="warn" title="Some of the data cannot be read">
      <ul>
        {refused.map((dataset) => (
          <li key={dataset.dataset}>
            {datasetLabel(dataset.dataset)}: {gapReason(dataset)}
          </li>
        ))}
        {connection.scopes_missing.length > 0 && (
          <li>Access not granted: {connection.scopes_missing.join(', ')}</li>
        )}
      </ul>
      <p>
        What depends on it is shown as unknown. To grant more, reconnect with an administrator whose role
        covers it.
      </p>
    </Notice>
  )
}

export function AccessWarnings({ warnings }: { warnings: AccessWarning[] }) {
  const now = useNow()
  return warnings.map((warning) => (
    <Notice key={`${warning.kind} ${warning.detail}`} tone="warn" title={warningTitle(warning)}>
      <p>
        {warning.detail}
        {warning.ends_at != null &&
          ` Ends ${relative(warning.ends_at, now)}, on ${instant(warning.ends_at)}; Reconnect before then renews it.`}
      </p>
    </Notice>
  ))
}
