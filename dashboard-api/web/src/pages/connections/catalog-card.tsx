// The PagerDuty card of the catalog, in each of its states.
import type { Connection } from '../../api/types'
import { Notice } from '../../parts/notice'
import { datasetLabel, gapReason } from '../../words/datasets'
import { instant, textOr } from '../../words/format'
import { AccessFacts } from './access-facts'
import { cardState, cardStateLabel, type CardState } from './card-state'
import { ConnectForm } from './connect-form'
import classes from './connections.module.css'
import { ConnectionActions } from './connection-actions'
import { SyncProgress } from './sync-progress'
import { WhatIsRead } from './what-is-read'

export function CatalogCard({ connection }: { connection: Connection | undefined }) {
  const state = cardState(connection)
  return (
    <article className={classes.card} aria-labelledby={`card-${connection?.id ?? 'new'}`}>
      <header className={classes.head}>
        <span className={classes.logo} aria-hidden="true">
          PD
        </span>
        <div className={classes.titles}>
          <h2 id={`card-${connection?.id ?? 'new'}`}>
            PagerDuty{connection ? ` · ${connection.subdomain}` : ''}
          </h2>
          <p>Seats, on-call duty and incident response of your account</p>
        </div>
        <span className={classes.state} data-state={state}>
          {cardStateLabel(state)}
        </span>
        <div className={classes.actions}>
          <ConnectForm connectionId={connection?.id} primary={state !== 'connected' && state !== 'degraded'} />
          {connection && <ConnectionActions connection={connection} />}
        </div>
      </header>
      <StateNotice state={state} connection={connection} />
      {connection && <AccessFacts connection={connection} />}
      {connection?.sync && <SyncProgress sync={connection.sync} />}
      <WhatIsRead open={connection === undefined} />
    </article>
  )
}

function StateNotice({ state, connection }: { state: CardState; connection: Connection | undefined }) {
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
      return (
        <Notice tone="plain" title="Disconnected">
          <p>
            {connection.reason ? `${connection.reason}. ` : ''}The stored access was destroyed. What was
            read before is kept; Reconnect continues where it stopped.
          </p>
        </Notice>
      )
    case 'degraded':
      return <DegradedNotice connection={connection} />
    case 'connected':
    case 'not_connected':
      return connection.sync == null ? <AwaitingSync connection={connection} /> : null
  }
}

function AwaitingSync({ connection }: { connection: Connection }) {
  return (
    <Notice tone="plain" title="The first sync starts in a moment">
      <p>Consent was given on {instant(connection.consented_at)}. Progress shows here by itself.</p>
    </Notice>
  )
}

function DegradedNotice({ connection }: { connection: Connection }) {
  const refused = (connection.sync?.datasets ?? []).filter(
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
