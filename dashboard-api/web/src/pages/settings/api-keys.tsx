// Keys for machines: made, rotated and revoked here; the secret is shown once.
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { API_KEYS, apiKeysQuery, revokeKey, rotateKey, type ApiKey, type NewApiKey } from '../../api/people'
import { Badge } from '../../parts/badge'
import { Confirm } from '../../parts/confirm'
import { Dialog } from '../../parts/dialog'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Copyable } from '../../parts/secret'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { useAction } from '../../parts/use-action'
import { useNow } from '../../parts/use-now'
import { date, relative } from '../../words/format'
import { ROLE_WORDS } from '../../words/roles'
import { NewKey } from './new-key'

export function ApiKeys() {
  const query = useQuery(apiKeysQuery)
  const [made, setMade] = useState<NewApiKey | null>(null)
  return (
    <Panel
      title="API keys"
      aside={
        <span className={parts.toolbarEnd}>
          <a href="/api/docs">API documentation</a>
          <NewKey onMade={setMade} />
        </span>
      }
      flush
    >
      <SecretOnce
        made={made}
        onClose={() => {
          setMade(null)
        }}
      />
      <Loaded query={query} label="the API keys">
        {(keys) =>
          keys.length === 0 ? (
            <p className={parts.none}>No key yet. A key reads the same API as this page, in its own role.</p>
          ) : (
            <KeyTable keys={keys} onMade={setMade} />
          )
        }
      </Loaded>
    </Panel>
  )
}

function SecretOnce({ made, onClose }: { made: NewApiKey | null; onClose: () => void }) {
  return (
    <Dialog open={made !== null} onClose={onClose} title={made === null ? '' : `The key ${made.name}`}>
      {made !== null && (
        <>
          <p>
            Copy it now: it is stored only as a hash and cannot be shown again. Send it as{' '}
            <code>Authorization: Bearer …</code>
          </p>
          <Copyable text={made.secret} label="API key" />
        </>
      )}
    </Dialog>
  )
}

function KeyTable({ keys, onMade }: { keys: ApiKey[]; onMade: (key: NewApiKey) => void }) {
  return (
    <Table label="API keys">
      <thead>
        <tr>
          <th scope="col">Key</th>
          <th scope="col">Role</th>
          <th scope="col">Made</th>
          <th scope="col">Expires</th>
          <th scope="col">Last used</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {keys.map((key) => (
          <KeyRow key={key.id} apiKey={key} onMade={onMade} />
        ))}
      </tbody>
    </Table>
  )
}

function KeyRow({ apiKey, onMade }: { apiKey: ApiKey; onMade: (key: NewApiKey) => void }) {
  const now = useNow()
  return (
    <tr>
      <th scope="row">
        {apiKey.name} <KeyState apiKey={apiKey} now={now} />
        <p className={cells.definition}>
          <code>{apiKey.prefix}…</code>
        </p>
      </th>
      <td>{ROLE_WORDS[apiKey.role].label}</td>
      <td>
        {apiKey.created_at !== null && date(apiKey.created_at)} by {apiKey.created_by}
      </td>
      <td>{apiKey.expires_at === null ? 'never' : date(apiKey.expires_at)}</td>
      <td>{apiKey.last_used_at === null ? 'never' : relative(apiKey.last_used_at, now)}</td>
      <td>{apiKey.revoked_at === null && <KeyActions apiKey={apiKey} onMade={onMade} />}</td>
    </tr>
  )
}

function KeyState({ apiKey, now }: { apiKey: ApiKey; now: Date }) {
  if (apiKey.revoked_at !== null) return <Badge>revoked</Badge>
  if (apiKey.expires_at !== null && Date.parse(apiKey.expires_at) < now.getTime()) {
    return <Badge tone="warn">expired</Badge>
  }
  return null
}

function KeyActions({ apiKey, onMade }: { apiKey: ApiKey; onMade: (key: NewApiKey) => void }) {
  const rotate = useAction(() => rotateKey(apiKey.id), { refresh: [API_KEYS], onDone: onMade })
  const revoke = useAction(() => revokeKey(apiKey.id), { refresh: [API_KEYS] })
  return (
    <div className={parts.toolbar}>
      <Confirm
        label="Rotate"
        spoken={`Rotate ${apiKey.name}`}
        title={`Rotate the key ${apiKey.name}?`}
        confirm="Rotate"
        action={rotate}
      >
        <p>A new secret is made and shown once. The old one stops working.</p>
      </Confirm>
      <Confirm
        label="Revoke"
        spoken={`Revoke ${apiKey.name}`}
        title={`Revoke the key ${apiKey.name}?`}
        confirm="Revoke"
        action={revoke}
      >
        <p>Whatever uses it is refused from now on. This cannot be undone.</p>
      </Confirm>
    </div>
  )
}
