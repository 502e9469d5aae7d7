// The period that every figure of the page speaks of; it lives in the address.
import { NativeSelect, SegmentedControl } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import { usePeriod } from './reading'
import { DEFAULT_PERIOD, PERIODS } from './search'
import classes from './frame.module.css'

export function PeriodFilter() {
  const period = usePeriod()
  const navigate = useNavigate()
  const choose = (text: string) => {
    const days = PERIODS.find((candidate) => `${candidate}` === text)
    const window = days === DEFAULT_PERIOD ? undefined : days
    void navigate({ to: '.', search: (search) => ({ ...search, window }), replace: true })
  }
  return (
    <>
      <SegmentedControl
        className={classes.periodWide ?? ''}
        size="xs"
        aria-label="Period in days"
        value={`${period}`}
        onChange={choose}
        data={PERIODS.map((days) => ({ value: `${days}`, label: `${days} d` }))}
      />
      <NativeSelect
        className={classes.periodNarrow ?? ''}
        size="xs"
        aria-label="Period in days"
        value={`${period}`}
        onChange={(event) => {
          choose(event.currentTarget.value)
        }}
        data={PERIODS.map((days) => ({ value: `${days}`, label: `${days} days` }))}
      />
    </>
  )
}
