// The rules that may be tuned, and the sources the organization decides to do without.
import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { ANSWERS } from '../../api/keys'
import { saveThresholds, THRESHOLDS, thresholdsQuery, type Thresholds } from '../../api/settings'
import { useMay } from '../../frame/role'
import { PERIODS } from '../../frame/search'
import { Check } from '../../parts/check'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'
import { datasetLabel, datasetReads } from '../../words/datasets'
import { timeZones } from '../../words/zone'
import { SaveForm } from './save-form'

export function ThresholdSettings() {
  const query = useQuery(thresholdsQuery)
  return (
    <Panel title="Thresholds">
      <Loaded query={query} label="the thresholds">
        {(thresholds) => <ThresholdForm thresholds={thresholds} />}
      </Loaded>
    </Panel>
  )
}

function ThresholdForm({ thresholds }: { thresholds: Thresholds }) {
  const [draft, setDraft] = useState(thresholds)
  const save = useAction(saveThresholds, { refresh: [THRESHOLDS, [ANSWERS]] })
  const zones = useMemo(() => timeZones(), [])
  const change = (part: Partial<Thresholds>) => {
    setDraft({ ...draft, ...part })
  }
  return (
    <SaveForm
      action={save}
      mayChange={useMay('admin')}
      onSave={() => {
        save.mutate(draft)
      }}
    >
      <TextInput
        size="xs"
        type="number"
        required
        min={0}
        max={180}
        label="Grace period in days"
        description="A seat this young is new, and an invitation this young is pending; nothing is recommended for either"
        value={draft.grace_days}
        onChange={(event) => {
          change({ grace_days: Number(event.currentTarget.value) })
        }}
      />
      <NativeSelect
        size="xs"
        label="Usual period"
        value={`${draft.default_window_days}`}
        data={PERIODS.map((days) => ({ value: `${days}`, label: `${days} days` }))}
        onChange={(event) => {
          const days = PERIODS.find((period) => `${period}` === event.currentTarget.value)
          if (days !== undefined) change({ default_window_days: days })
        }}
      />
      <NativeSelect
        size="xs"
        label="Time zone of the organization"
        value={draft.time_zone}
        data={zones.includes(draft.time_zone) ? zones : [draft.time_zone, ...zones]}
        onChange={(event) => {
          change({ time_zone: event.currentTarget.value })
        }}
      />
      <BlindSpotChoice
        accepted={draft.accepted_blind_spots}
        onChange={(accepted) => {
          change({ accepted_blind_spots: accepted })
        }}
      />
    </SaveForm>
  )
}

/** The one source that some plans or roles never give, and whose absence may be accepted. */
const BLIND_SPOT = 'audit_records'

function BlindSpotChoice(props: {
  accepted: Thresholds['accepted_blind_spots']
  onChange: (accepted: Thresholds['accepted_blind_spots']) => void
}) {
  return (
    <fieldset className={parts.fieldset}>
      <legend>Accepted blind spots</legend>
      <p className={parts.dim}>
        Where such a source cannot be read, seats that rest on it are unknown. Accepting the blind spot
        judges them without it; every page and every evidence bundle says so.
      </p>
      <Check
        checked={props.accepted.includes(BLIND_SPOT)}
        onChange={(on) => {
          props.onChange(on ? [BLIND_SPOT] : [])
        }}
      >
        {datasetLabel(BLIND_SPOT)}: {datasetReads(BLIND_SPOT).toLowerCase()}
      </Check>
    </fieldset>
  )
}
