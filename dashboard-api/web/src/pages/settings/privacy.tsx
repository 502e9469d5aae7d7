// How people are shown, and the erasure of one person.
import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { ANSWERS } from '../../api/keys'
import { erasePerson, PRIVACY, privacyQuery, savePrivacy, type PrivacyMode } from '../../api/settings'
import { useMay } from '../../frame/role'
import { Confirm } from '../../parts/confirm'
import check from '../../parts/check.module.css'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'
import { SaveForm } from './save-form'

const MODES: readonly { id: PrivacyMode; label: string; explanation: string }[] = [
  { id: 'named', label: 'Named', explanation: 'People are shown with name and e-mail.' },
  {
    id: 'pseudonymous',
    label: 'Pseudonymous',
    explanation: 'People are shown under stable pseudonyms; administrators can still act on a recommendation.',
  },
  {
    id: 'team_only',
    label: 'Teams only',
    explanation: 'No person is shown at all, and no group of fewer than five.',
  },
]

export function PrivacySettings() {
  const query = useQuery(privacyQuery)
  const mayErase = useMay('admin')
  return (
    <>
      <Panel title="How people are shown">
        <Loaded query={query} label="the privacy settings">
          {({ mode }) => <ModeForm mode={mode} />}
        </Loaded>
      </Panel>
      <Panel title="What is never stored">
        <p>Phone numbers, addresses of contact methods, message texts, incident titles and bodies.</p>
      </Panel>
      {mayErase && <ErasePerson />}
    </>
  )
}

function ModeForm({ mode }: { mode: PrivacyMode }) {
  const [chosen, setChosen] = useState(mode)
  const save = useAction(savePrivacy, { refresh: [PRIVACY, [ANSWERS]] })
  return (
    <SaveForm
      action={save}
      mayChange={useMay('admin')}
      onSave={() => {
        save.mutate(chosen)
      }}
    >
      {MODES.map(({ id, label, explanation }) => (
        <label key={id} className={check.check}>
          <input
            type="radio"
            name="mode"
            checked={chosen === id}
            onChange={() => {
              setChosen(id)
            }}
          />
          <span>
            <strong>{label}.</strong> {explanation}
          </span>
        </label>
      ))}
    </SaveForm>
  )
}

function ErasePerson() {
  const [id, setId] = useState('')
  const [asked, setAsked] = useState<string | null>(null)
  const erase = useAction(() => erasePerson(asked ?? ''), {
    refresh: [[ANSWERS]],
    onDone: () => {
      setAsked(null)
      setId('')
    },
  })
  return (
    <Panel title="Erase a person">
      <div className={parts.form}>
        <p>
          Name and e-mail of the person are erased everywhere, for good, also from history and
          recommendations. The counts stay. As long as PagerDuty has the user, new syncs keep the name empty.
        </p>
        <TextInput
          size="xs"
          label="PagerDuty id of the person"
          description="On the page of the user, behind “Open in PagerDuty”"
          value={id}
          onChange={(event) => {
            setId(event.currentTarget.value.trim())
            setAsked(null)
          }}
        />
        <div className={parts.formButtons}>
          {asked === null ? (
            <Button
              size="xs"
              variant="default"
              disabled={id === ''}
              onClick={() => {
                setAsked(id)
              }}
            >
              Erase…
            </Button>
          ) : (
            <Confirm
              label={`Erase ${asked}`}
              title={`Erase ${asked}?`}
              confirm="Erase for good"
              action={erase}
            >
              <p>This cannot be undone.</p>
            </Confirm>
          )}
          <span role="status">{erase.isSuccess && 'Erased'}</span>
        </div>
      </div>
    </Panel>
  )
}
