// Adds a colleague; they sign in with a link by mail or the organization's own sign-in.
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type SubmitEvent } from 'react'
import { addMember, MEMBERS } from '../../api/people'
import { useMay, type Role } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { Dialog, DialogButtons } from '../../parts/dialog'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'
import { roleDefinition, ROLE_WORDS, roleNamed } from '../../words/roles'

export function AddMember() {
  const [open, dialog] = useDisclosure(false)
  return (
    <>
      <Button size="xs" variant="default" onClick={dialog.open}>
        Add a member
      </Button>
      <Dialog open={open} onClose={dialog.close} title="Add a member">
        <MemberForm onDone={dialog.close} />
      </Dialog>
    </>
  )
}

function MemberForm({ onDone }: { onDone: () => void }) {
  const isOwner = useMay('owner')
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('viewer')
  const add = useAction(addMember, { refresh: [MEMBERS], onDone })
  const roles = Object.entries(ROLE_WORDS).filter(([id]) => isOwner || id !== 'owner')
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    add.mutate({ email: email.trim(), name: name.trim(), role })
  }
  return (
    <form className={parts.dialog} onSubmit={submit}>
      <TextInput
        size="xs"
        type="email"
        required
        label="E-mail"
        autoComplete="off"
        value={email}
        onChange={(event) => {
          setEmail(event.currentTarget.value)
        }}
      />
      <TextInput
        size="xs"
        label="Name"
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
        data={roles.map(([value, { label }]) => ({ value, label }))}
        onChange={(event) => {
          setRole(roleNamed(event.currentTarget.value))
        }}
      />
      {add.error && <ActionProblem error={add.error} onDismiss={add.reset} />}
      <DialogButtons>
        <Button type="submit" size="xs" loading={add.isPending}>
          Add
        </Button>
      </DialogButtons>
    </form>
  )
}
