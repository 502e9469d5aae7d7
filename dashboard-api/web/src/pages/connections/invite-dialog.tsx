// Asks the organization's PagerDuty administrator to make the connection.
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type SubmitEvent } from 'react'
import { INVITATIONS, invite, type Invitation } from '../../api/invitations'
import { ActionProblem } from '../../parts/action-problem'
import { Dialog, DialogButtons } from '../../parts/dialog'
import parts from '../../parts/parts.module.css'
import { Copyable } from '../../parts/secret'
import { useAction } from '../../parts/use-action'
import { instant } from '../../words/format'

export function InviteDialog() {
  const [open, dialog] = useDisclosure(false)
  return (
    <>
      <Button size="xs" variant="default" onClick={dialog.open}>
        Invite admin
      </Button>
      <Dialog open={open} onClose={dialog.close} title="Invite your PagerDuty administrator">
        <InviteForm onClose={dialog.close} />
      </Dialog>
    </>
  )
}

function InviteForm({ onClose }: { onClose: () => void }) {
  const [email, setEmail] = useState('')
  const [note, setNote] = useState('')
  const [days, setDays] = useState('3')
  const send = useAction(invite, { refresh: [INVITATIONS] })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    send.mutate({ email: email.trim(), note: note.trim(), days: Number(days) })
  }
  if (send.data !== undefined) return <Sent invitation={send.data} onClose={onClose} />
  return (
    <form className={parts.dialog} onSubmit={submit}>
      <p>
        They open a link, see what will be read, sign in at PagerDuty and allow it. They get no account
        here, and you see no password.
      </p>
      <TextInput
        size="xs"
        type="email"
        required
        label="E-mail of the administrator"
        autoComplete="off"
        value={email}
        onChange={(event) => {
          setEmail(event.currentTarget.value)
        }}
      />
      <TextInput
        size="xs"
        label="Note to them"
        description="Shown on the page that the link opens"
        maxLength={500}
        value={note}
        onChange={(event) => {
          setNote(event.currentTarget.value)
        }}
      />
      <NativeSelect
        size="xs"
        label="The link works for"
        value={days}
        onChange={(event) => {
          setDays(event.currentTarget.value)
        }}
        data={[
          { value: '1', label: '1 day' },
          { value: '3', label: '3 days' },
          { value: '7', label: '7 days' },
        ]}
      />
      {send.error && <ActionProblem error={send.error} onDismiss={send.reset} />}
      <DialogButtons>
        <Button type="submit" size="xs" loading={send.isPending}>
          Invite
        </Button>
      </DialogButtons>
    </form>
  )
}

function Sent(props: { invitation: Invitation & { url: string }; onClose: () => void }) {
  const { invitation } = props
  return (
    <>
      <p role="status">
        {invitation.mailed
          ? `The link was mailed to ${invitation.email}. You can also hand it over yourself:`
          : `No mail was sent; hand this link to ${invitation.email} yourself:`}
      </p>
      <Copyable text={invitation.url} label="Invitation link" />
      <p className={parts.dim}>It works once, until {instant(invitation.expires_at)}, and is not shown again.</p>
      <DialogButtons>
        <Button size="xs" onClick={props.onClose}>
          Done
        </Button>
      </DialogButtons>
    </>
  )
}
