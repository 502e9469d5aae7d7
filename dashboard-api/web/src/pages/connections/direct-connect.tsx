// Connecting without a consent page: a read-only API key, or an app that the account has installed.
import { Button, NativeSelect, PasswordInput, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type SubmitEvent } from 'react'
import { connectionsQuery } from '../../api/queries'
import { connectDirectly, type DirectConnect as Input } from '../../api/sources'
import { ActionProblem } from '../../parts/action-problem'
import { Dialog, DialogButtons } from '../../parts/dialog'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'

export function DirectConnect() {
  const [open, dialog] = useDisclosure(false)
  return (
    <>
      <Button size="xs" variant="default" onClick={dialog.open}>
        Use an API key
      </Button>
      <Dialog open={open} onClose={dialog.close} title="Connect without a consent page">
        <DirectForm onDone={dialog.close} />
      </Dialog>
    </>
  )
}

const WAYS = [
  { value: 'api_key', label: 'Read-only API key of the account' },
  { value: 'app', label: 'App already installed at PagerDuty' },
]

const REGIONS = [
  { value: 'us', label: 'United States' },
  { value: 'eu', label: 'Europe' },
]

function DirectForm({ onDone }: { onDone: () => void }) {
  const [way, setWay] = useState('api_key')
  const [text, setText] = useState('')
  const [region, setRegion] = useState<Input['region']>('us')
  const connect = useAction(connectDirectly, { refresh: [connectionsQuery.queryKey], onDone })
  const byKey = way === 'api_key'
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    connect.mutate({ ...(byKey ? { api_key: text.trim() } : { subdomain: text.trim() }), region })
  }
  const field = {
    size: 'xs',
    required: true,
    value: text,
    autoComplete: 'off',
    onChange: (event: React.ChangeEvent<HTMLInputElement>) => {
      setText(event.currentTarget.value)
    },
  } as const
  return (
    <form className={parts.dialog} onSubmit={submit}>
      <NativeSelect
        size="xs"
        label="How"
        value={way}
        onChange={(event) => {
          setWay(event.currentTarget.value)
          setText('')
        }}
        data={WAYS}
      />
      {byKey ? (
        <PasswordInput
          {...field}
          label="API key"
          description="Made at PagerDuty under Integrations, API access keys, with “Read-only”. It is stored sealed and never shown again."
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the key' }}
        />
      ) : (
        <TextInput {...field} label="Subdomain" description="The acme of acme.pagerduty.com" />
      )}
      <NativeSelect
        size="xs"
        label="Service region"
        value={region}
        onChange={(event) => {
          setRegion(event.currentTarget.value === 'eu' ? 'eu' : 'us')
        }}
        data={REGIONS}
      />
      {connect.error && <ActionProblem error={connect.error} onDismiss={connect.reset} />}
      <DialogButtons>
        <Button type="submit" size="xs" loading={connect.isPending}>
          Connect
        </Button>
      </DialogButtons>
    </form>
  )
}
