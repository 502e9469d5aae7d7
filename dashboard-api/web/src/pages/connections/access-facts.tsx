// Which account, whose consent, which access, until when.
import type { ReactNode } from 'react'
import type { Connection } from '../../api/types'
import { HintText } from '../../parts/hint'
import { useNow } from '../../parts/use-now'
import { accessKind } from '../../words/access'
import { instant, relative } from '../../words/format'
import classes from './connections.module.css'

const REGIONS: Record<string, string> = { us: 'United States', eu: 'Europe' }

export function AccessFacts({ connection }: { connection: Connection }) {
  const now = useNow()
  const { sync } = connection
  return (
    <dl className={classes.facts}>
      <Fact name="Account">
        <code>{connection.account_id}</code>
      </Fact>
      <Fact name="Subdomain">{connection.subdomain}</Fact>
      <Fact name="Region">{REGIONS[connection.region] ?? connection.region}</Fact>
      <Fact name="Consent by">
        {connection.consented_by_name !== '' && `${connection.consented_by_name} · `}
        PagerDuty user <code>{connection.pagerduty_user_id}</code>
      </Fact>
      <Fact name="Kind of access">{accessKind(connection.access_kind)}</Fact>
      <Fact name="Consent on">{instant(connection.consented_at)}</Fact>
      <Fact name={<HintText text={ACCESS_ENDS}>Access ends</HintText>}>
        {connection.access_ends_at == null
          ? 'no end known'
          : `${instant(connection.access_ends_at)} (${relative(connection.access_ends_at, now)})`}
      </Fact>
      <Fact name="Last sync">{lastSync(connection, now)}</Fact>
      <Fact name="Next sync">
        {sync?.next_run_at == null || connection.state !== 'connected'
          ? 'none planned'
          : `${relative(sync.next_run_at, now)} (${instant(sync.next_run_at)})`}
      </Fact>
      <Fact name="Granted access" wide>
        <Scopes names={connection.scopes_granted} none="none" />
      </Fact>
      <Fact name="Missing access" wide>
        <Scopes names={connection.scopes_missing} none="nothing is missing" missing />
      </Fact>
    </dl>
  )
}

const ACCESS_ENDS =
  'PagerDuty ends a delegated access that is not renewed in time. Each sync renews it; after this instant only Reconnect helps.'

function lastSync({ sync }: Connection, now: Date): string {
  if (sync == null) return 'none yet'
  if (sync.finished_at == null) return `started ${relative(sync.started_at, now)}`
  const ended = `${relative(sync.finished_at, now)} (${instant(sync.finished_at)})`
  return sync.state === 'failed' ? `failed ${ended}` : ended
}

function Fact(props: { name: ReactNode; children: ReactNode; wide?: boolean }) {
  return (
    <div data-wide={props.wide}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}

function Scopes(props: { names: string[]; none: string; missing?: boolean }) {
  if (props.names.length === 0) return props.none
  return (
    <ul className={classes.scopes} data-missing={props.missing}>
      {props.names.map((name) => (
        <li key={name}>{name}</li>
      ))}
    </ul>
  )
}
