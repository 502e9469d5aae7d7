// Sets seats apart, with a reason and an end.
import { Button, TextInput } from '@mantine/core'
import { useState, type SubmitEvent } from 'react'
import { ANSWERS } from '../../api/keys'
import { EXEMPTIONS, exempt } from '../../api/settings'
import type { UserRow } from '../../api/types'
import { ActionProblem } from '../../parts/action-problem'
import { DialogButtons } from '../../parts/dialog'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'
import { dayOf } from '../../words/format'

export function ExemptForm({ users, onDone }: { users: Pick<UserRow, 'id'>[]; onDone: () => void }) {
  const [reason, setReason] = useState('')
  const [until, setUntil] = useState('')
  const all = useAction(
    async () => {
      // One after the other: the first refusal stops, and says which.
      for (const { id } of users) {
        await exempt({ user_id: id, reason: reason.trim(), until: until === '' ? null : until })
      }
    },
    { refresh: [EXEMPTIONS, [ANSWERS]], onDone },
  )
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    all.mutate()
  }
  return (
    <form className={parts.dialog} onSubmit={submit}>
      <p>
        An exempt seat is set apart: it counts in no class, no utilization and no recommendation, from the
        next figures on.
      </p>
      <TextInput
        size="xs"
        required
        label="Reason"
        description="Service account, break-glass account, leave …"
        maxLength={200}
        value={reason}
        onChange={(event) => {
          setReason(event.currentTarget.value)
        }}
      />
      <TextInput
        size="xs"
        type="date"
        label="Until"
        description="Empty: until someone ends it"
        min={dayOf(new Date())}
        value={until}
        onChange={(event) => {
          setUntil(event.currentTarget.value)
        }}
      />
      {all.error && <ActionProblem error={all.error} onDismiss={all.reset} />}
      <DialogButtons>
        <Button type="submit" size="xs" loading={all.isPending}>
          Exempt
        </Button>
      </DialogButtons>
    </form>
  )
}
