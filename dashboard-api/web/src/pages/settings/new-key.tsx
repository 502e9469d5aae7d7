// Makes a key: what it is for, what it may do, until when.
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type SubmitEvent } from 'react'
import { API_KEYS, createKey, type NewApiKey } from '../../api/people'
import type { Role } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { Dialog, DialogButtons } from '../../parts/dialog'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'
import { roleDefinition, ROLE_WORDS, roleNamed } from '../../words/roles'

const DAY_MS = 86_400_000

export function NewKey({ onMade }: { onMade: (key: NewApiKey) => void }) {
  const [open, dialog] = useDisclosure(false)
  return (
    <>
      <Button size="xs" variant="default" onClick={dialog.open}>
        New key
      </Button>
      <Dialog open={open} onClose={dialog.close} title="New API key">
        <KeyForm
          onMade={(key) => {
            dialog.close()
            onMade(key)
          }}
        />
      </Dialog>
    </>
  )
}

function KeyForm({ onMade }: { onMade: (key: NewApiKey) => void }) {
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const [days, setDays] = useState('90')
  const create = useAction(createKey, { refresh: [API_KEYS], onDone: onMade })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const expires = new Date(Date.now() + Number(days) * DAY_MS).toISOString()
    create.mutate({ name: name.trim(), role, expires_at: expires })
  }
  return (
    <form className={parts.dialog} onSubmit={submit}>
      <TextInput
        size="xs"
        required
        label="What it is for"
        maxLength={80}
        autoComplete="off"
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value)
        }}
      />
      <NativeSelect
        size="xs"
        label="Role"
        description={roleDefinition(role)}
        value={role}
        data={Object.entries(ROLE_WORDS)
          .filter(([id]) => id !== 'owner')
          .map(([value, { label }]) => ({ value, label }))}
        onChange={(event) => {
          setRole(roleNamed(event.currentTarget.value))
        }}
      />
      <NativeSelect
        size="xs"
        label="Expires"
        value={days}
        data={[
          { value: '30', label: 'in 30 days' },
          { value: '90', label: 'in 90 days' },
          { value: '364', label: 'in a year' },
        ]}
        onChange={(event) => {
          setDays(event.currentTarget.value)
        }}
      />
      {create.error && <ActionProblem error={create.error} onDismiss={create.reset} />}
      <DialogButtons>
        <Button type="submit" size="xs" loading={create.isPending}>
          Make the key
        </Button>
      </DialogButtons>
    </form>
  )
}
