// Events as they happen, between two syncs: state, address, and how to set it up.
import { Button, PasswordInput } from '@mantine/core'
import { useState, type SubmitEvent } from 'react'
import { connectionsQuery } from '../../api/queries'
import { removeWebhook, saveWebhook } from '../../api/sources'
import type { Connection, Webhook } from '../../api/types'
import { useMay } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { Badge } from '../../parts/badge'
import { Confirm } from '../../parts/confirm'
import parts from '../../parts/parts.module.css'
import { Copyable } from '../../parts/secret'
import { useAction } from '../../parts/use-action'
import { useNow } from '../../parts/use-now'
import { webhookWords } from '../../words/access'
import { count, relative } from '../../words/format'
import classes from './connections.module.css'

export function WebhookPanel({ connection }: { connection: Connection }) {
  const now = useNow()
  const mayChange = useMay('admin')
  const { webhook } = connection
  if (webhook == null) return null
  const words = webhookWords(webhook.state)
  return (
    <section className={classes.webhook} aria-label="Live events">
      <div className={classes.syncHead}>
        <h3>Live events</h3>
        <Badge tone={words.tone}>{words.label}</Badge>
        <p>{words.explanation}</p>
        <p className={parts.dim}>
          {count(webhook.events)} events
          {webhook.last_event_at != null && `, the last ${relative(webhook.last_event_at, now)}`}
        </p>
      </div>
      {webhook.reason !== '' && <p className={parts.dim}>{webhook.reason}</p>}
      {mayChange && connection.state === 'connected' && (
        <Setup id={connection.id} webhook={webhook} />
      )}
    </section>
  )
}

function Setup({ id, webhook }: { id: string; webhook: Webhook }) {
  const remove = useAction(() => removeWebhook(id), {
    refresh: [connectionsQuery.queryKey],
  })
  if (webhook.state !== 'off') {
    return (
      <Confirm
        label="Turn live events off"
        title="Turn live events off?"
        confirm="Turn off"
        action={remove}
      >
        <p>
          The subscription is removed where we made it. Uses that only events show, such as workflows
          started by hand, become unknown.
        </p>
      </Confirm>
    )
  }
  return webhook.can_subscribe ? <Subscribe id={id} /> : <ByHand id={id} url={webhook.url} />
}

function Subscribe({ id }: { id: string }) {
  const save = useAction(() => saveWebhook(id, undefined), {
    refresh: [connectionsQuery.queryKey],
  })
  return (
    <div className={classes.actions}>
      <Button
        size="xs"
        variant="default"
        loading={save.isPending}
        onClick={() => {
          save.mutate()
        }}
      >
        Turn live events on
      </Button>
      {save.error && <ActionProblem error={save.error} onDismiss={save.reset} />}
    </div>
  )
}

/** Our access is read-only, so the subscription is made at PagerDuty and its secret pasted here. */
function ByHand({ id, url }: { id: string; url: string }) {
  const [secret, setSecret] = useState('')
  const save = useAction(() => saveWebhook(id, secret.trim()), {
    refresh: [connectionsQuery.queryKey],
  })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <details className={classes.byHand}>
      <summary>Set it up at PagerDuty</summary>
      <form className={parts.form} onSubmit={submit}>
        <p>
          At PagerDuty open Integrations, Generic Webhooks (v3), New Webhook, and use this address with
          scope “Account” and all incident events:
        </p>
        <Copyable text={url} label="Webhook address" />
        <PasswordInput
          size="xs"
          required
          label="Secret that PagerDuty shows once"
          autoComplete="off"
          value={secret}
          onChange={(event) => {
            setSecret(event.currentTarget.value)
          }}
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the secret' }}
        />
        {save.error && <ActionProblem error={save.error} onDismiss={save.reset} />}
        <div className={parts.formButtons}>
          <Button type="submit" size="xs" variant="default" loading={save.isPending}>
            Save the secret
          </Button>
        </div>
      </form>
    </details>
  )
}
