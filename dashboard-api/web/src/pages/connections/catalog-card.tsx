// The PagerDuty card of the catalog, in each of its states.
import { useState } from 'react'
import type { Connection } from '../../api/types'
import { useMay } from '../../frame/role'
import { AccessFacts } from './access-facts'
import { Capabilities } from './capabilities'
import { cardState, cardStateLabel, type CardState } from './card-state'
import { ConnectForm } from './connect-form'
import classes from './connections.module.css'
import { ConnectionActions } from './connection-actions'
import { DirectConnect } from './direct-connect'
import { InviteDialog } from './invite-dialog'
import { AccessWarnings, StateNotice } from './state-notice'
import { SyncProgress } from './sync-progress'
import { WebhookPanel } from './webhook'

export function CatalogCard({ connection }: { connection: Connection | undefined }) {
  const [authorizing, setAuthorizing] = useState(false)
  const state = authorizing ? 'authorizing' : cardState(connection)
  const titleId = `card-${connection?.id ?? 'new'}`
  return (
    <article className={classes.card} aria-labelledby={titleId}>
      <header className={classes.head}>
        <span className={classes.logo} aria-hidden="true">
          PD
        </span>
        <div className={classes.titles}>
          <h2 id={titleId}>PagerDuty{connection ? ` · ${connection.subdomain}` : ''}</h2>
          <p>Seats, on-call duty and incident response of your account</p>
        </div>
        <span className={classes.state} data-state={state} role="status">
          {cardStateLabel(state)}
        </span>
        <Actions connection={connection} state={state} onLeave={setAuthorizing} />
      </header>
      <StateNotice state={state} connection={connection} />
      {connection && <AccessWarnings warnings={connection.warnings} />}
      {connection && <AccessFacts connection={connection} />}
      {connection?.sync && <SyncProgress sync={connection.sync} />}
      {connection && connection.state !== 'disconnected' && <WebhookPanel connection={connection} />}
      <Capabilities connection={connection} />
    </article>
  )
}

interface ActionsProps {
  connection: Connection | undefined
  state: CardState
  onLeave: (leaving: boolean) => void
}

function Actions({ connection, state, onLeave }: ActionsProps) {
  const mayConnect = useMay('admin')
  const works = state === 'connected' || state === 'degraded'
  return (
    <div className={classes.actions}>
      {mayConnect && <ConnectForm connectionId={connection?.id} primary={!works} onLeave={onLeave} />}
      {!works && <InviteDialog />}
      {mayConnect && connection === undefined && <DirectConnect />}
      {connection && <ConnectionActions connection={connection} />}
    </div>
  )
}
