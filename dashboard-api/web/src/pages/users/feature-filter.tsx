// Seats by what they did with one feature: its verdict, or how long it was not used.
import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { featuresQuery } from '../../api/queries'
import { usePeriod } from '../../frame/reading'
import type { UsersSearch } from '../../frame/search'
import { VERDICTS } from '../../words/verdicts'

const IDLE_DAYS = [30, 60, 90, 180] as const
const USUAL = 'unused'

const CHOICES = [
  ...VERDICTS.map(({ id, label }) => ({ value: id, label })),
  ...IDLE_DAYS.map((days) => ({ value: `idle-${days}`, label: `Not for ${days} days` })),
]

/** The choice as the server's parameter. */
export function featureFilter(feature: string, choice: string = USUAL): Record<string, string> {
  const days = /^idle-(\d+)$/.exec(choice)?.[1]
  return days === undefined
    ? { [`feature.${feature}.verdict`]: choice }
    : { [`feature.${feature}.idle_days_gte`]: days }
}

interface Props {
  search: UsersSearch
  onChange: (change: { feature?: string; verdict: string | undefined }) => void
}

export function FeatureFilter({ search: { feature, verdict }, onChange }: Props) {
  const { data: catalogue } = useQuery(featuresQuery({ window: usePeriod() }))
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label="Feature"
        value={feature ?? ''}
        onChange={(event) => {
          onChange({ feature: event.currentTarget.value, verdict: undefined })
        }}
        data={[
          { value: '', label: 'Any feature' },
          ...(catalogue?.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      {feature !== undefined && (
        <NativeSelect
          size="xs"
          aria-label="Use of the feature"
          value={verdict ?? USUAL}
          onChange={(event) => {
            onChange({ verdict: event.currentTarget.value })
          }}
          data={CHOICES}
        />
      )}
    </>
  )
}
