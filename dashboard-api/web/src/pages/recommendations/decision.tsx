// A decision about one or many recommendations: what it means, why, until when.
import { Button, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState, type SubmitEvent } from 'react'
import { ANSWERS } from '../../api/keys'
import {
  decideMany,
  type Decision,
  type DecisionResult,
  type Recommendation,
  type Wish,
} from '../../api/recommendations'
import { ActionProblem } from '../../parts/action-problem'
import { Dialog, DialogButtons } from '../../parts/dialog'
import { Notice } from '../../parts/notice'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'
import { dayOf, plural } from '../../words/format'
import { DECISIONS, subjectOf } from '../../words/recommendations'

interface Props {
  state: Wish
  rows: readonly Recommendation[]
  label?: string
  onDone?: () => void
}

const SNOOZE_DAYS = 30
const DAY_MS = 86_400_000

export function DecisionButton(props: Props) {
  const [open, dialog] = useDisclosure(false)
  const words = DECISIONS.find(({ state }) => state === props.state)
  if (words === undefined) return null
  const [only] = props.rows
  const subject =
    props.rows.length === 1 && only !== undefined
      ? subjectOf(only)
      : plural(props.rows.length, 'recommendation', 'recommendations')
  return (
    <>
      <Button size="compact-xs" variant="default" aria-label={props.label} onClick={dialog.open}>
        {words.verb}
      </Button>
      <Dialog open={open} onClose={dialog.close} title={`${words.verb}: ${subject}`}>
        <DecisionForm
          {...props}
          onClose={() => {
            dialog.close()
            props.onDone?.()
          }}
        />
      </Dialog>
    </>
  )
}

function DecisionForm(props: Props & { onClose: () => void }) {
  const words = DECISIONS.find(({ state }) => state === props.state)
  const [reason, setReason] = useState('')
  const [until, setUntil] = useState(() => dayOf(new Date(Date.now() + SNOOZE_DAYS * DAY_MS)))
  const snooze = props.state === 'snoozed'
  const decide = useAction(
    (decision: Decision) => decideMany(props.rows.map(({ id }) => id), decision),
    {
      refresh: [[ANSWERS]],
      onDone: ({ data }) => {
        if (refused(data).length === 0) props.onClose()
      },
    },
  )
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    decide.mutate({
      state: props.state,
      ...(reason.trim() === '' ? {} : { reason: reason.trim() }),
      ...(snooze ? { until } : {}),
    })
  }
  if (words === undefined) return null
  return (
    <form className={parts.dialog} onSubmit={submit}>
      <p>{words.explanation}</p>
      {snooze && <UntilInput until={until} onChange={setUntil} />}
      {words.reason !== 'none' && (
        <TextInput
          size="xs"
          required={words.reason === 'required'}
          label={words.reason === 'required' ? 'Reason' : 'Note'}
          maxLength={500}
          value={reason}
          onChange={(event) => {
            setReason(event.currentTarget.value)
          }}
        />
      )}
      {decide.error && <ActionProblem error={decide.error} onDismiss={decide.reset} />}
      {decide.data && <Refused rows={props.rows} results={refused(decide.data.data)} />}
      <DialogButtons>
        <Button size="xs" variant="default" onClick={props.onClose}>
          Cancel
        </Button>
        <Button type="submit" size="xs" loading={decide.isPending} data-autofocus={words.reason === 'none' || undefined}>
          {words.verb}
        </Button>
      </DialogButtons>
    </form>
  )
}

function UntilInput(props: { until: string; onChange: (until: string) => void }) {
  return (
    <TextInput
      size="xs"
      type="date"
      required
      label="Until"
      min={dayOf(new Date())}
      value={props.until}
      onChange={(event) => {
        props.onChange(event.currentTarget.value)
      }}
    />
  )
}

const refused = (results: DecisionResult[]): DecisionResult[] =>
  results.filter(({ changed }) => !changed)

function Refused(props: { rows: readonly Recommendation[]; results: DecisionResult[] }) {
  if (props.results.length === 0) return null
  const nameOf = (id: string) => {
    const row = props.rows.find((candidate) => candidate.id === id)
    return row === undefined ? id : subjectOf(row)
  }
  return (
    <Notice tone="bad" title="Not all could be changed" live="alert">
      <ul>
        {props.results.map(({ id, detail }) => (
          <li key={id}>
            {nameOf(id)}: {detail}
          </li>
        ))}
      </ul>
    </Notice>
  )
}
