// Who is told what: mail digest, Slack, webhook.
import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import {
  NOTIFICATIONS,
  notificationsQuery,
  saveNotifications,
  testNotifications,
  type Notifications,
} from '../../api/settings'
import { ActionProblem } from '../../parts/action-problem'
import { Check } from '../../parts/check'
import { Loaded } from '../../parts/loaded'
import { Notice } from '../../parts/notice'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Copyable } from '../../parts/secret'
import { useAction } from '../../parts/use-action'
import { SaveForm } from './save-form'

type Kind = Notifications['kinds'][number]

const KINDS: Record<Kind, string> = {
  digest: 'The weekly digest',
  seats_running_out: 'A license runs out of seats',
  renewal: 'The renewal or its notice date comes near',
  dataset_late: 'A dataset is late',
  access_ending: 'The access to PagerDuty ends soon',
  access_ended: 'The access to PagerDuty has ended',
}

export function NotificationSettings() {
  const query = useQuery(notificationsQuery)
  return (
    <Panel title="Notifications">
      <Loaded query={query} label="the notifications">
        {(known) => <NotificationForm known={known} />}
      </Loaded>
    </Panel>
  )
}

function NotificationForm({ known }: { known: Notifications }) {
  const [draft, setDraft] = useState(known)
  const save = useAction(saveNotifications, { refresh: [NOTIFICATIONS] })
  const change = (part: Partial<Notifications>) => {
    setDraft({ ...draft, ...part })
  }
  const secret = save.data?.secret
  return (
    <div className={parts.stack}>
      <SaveForm
        action={save}
        mayChange
        onSave={() => {
          const { webhook_url, slack_url, digest, kinds } = draft
          save.mutate({ webhook_url, slack_url, digest, kinds })
        }}
      >
        <Notice tone="warn" title="Only the test message is sent in this version">
          <p>Addresses and choices are kept; the digest and the alerts are not sent yet.</p>
        </Notice>
        <Address label="Slack webhook address" value={draft.slack_url} onChange={(slack_url) => { change({ slack_url }) }} />
        <Address
          label="Webhook address"
          description="Signed with a secret that is shown once when the address changes"
          value={draft.webhook_url}
          onChange={(webhook_url) => { change({ webhook_url }) }}
        />
        <Check checked={draft.digest} onChange={(digest) => { change({ digest }) }}>
          Weekly digest by mail to administrators and owners
        </Check>
        <KindChoice kinds={draft.kinds} onChange={(kinds) => { change({ kinds }) }} />
      </SaveForm>
      {secret !== undefined && secret !== '' && (
        <Notice tone="good" title="The secret of the webhook, shown once" live="status">
          <Copyable text={secret} label="Webhook secret" />
        </Notice>
      )}
      <TestButton />
    </div>
  )
}

interface AddressProps {
  label: string
  description?: string
  value: string | null
  onChange: (value: string | null) => void
}

function Address({ label, description, value, onChange }: AddressProps) {
  return (
    <TextInput
      size="xs"
      type="url"
      label={label}
      description={description}
      value={value ?? ''}
      onChange={(event) => {
        const text = event.currentTarget.value.trim()
        onChange(text === '' ? null : text)
      }}
    />
  )
}

const KIND_NAMES = Object.keys(KINDS) as Kind[]

function KindChoice(props: { kinds: Kind[]; onChange: (kinds: Kind[]) => void }) {
  return (
    <fieldset className={parts.fieldset}>
      <legend>What is told</legend>
      {KIND_NAMES.map((kind) => (
        <Check
          key={kind}
          checked={props.kinds.includes(kind)}
          onChange={(on) => {
            const others = props.kinds.filter((name) => name !== kind)
            props.onChange(on ? [...others, kind] : others)
          }}
        >
          {KINDS[kind]}
        </Check>
      ))}
    </fieldset>
  )
}

function TestButton() {
  const test = useAction(() => testNotifications(), { refresh: [] })
  return (
    <div className={parts.formButtons}>
      <Button
        size="xs"
        variant="default"
        loading={test.isPending}
        onClick={() => {
          test.mutate()
        }}
      >
        Send a test
      </Button>
      <span role="status">{test.isSuccess && 'Sent'}</span>
      {test.error && <ActionProblem error={test.error} onDismiss={test.reset} />}
    </div>
  )
}
