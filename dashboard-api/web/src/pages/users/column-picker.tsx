// Which columns the table has; the browser keeps the choice.
import { Button, Popover } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { featuresQuery } from '../../api/queries'
import { usePeriod } from '../../frame/reading'
import { Check } from '../../parts/check'
import { VEIL } from '../../parts/veil'
import { DEFAULT_COLUMNS, FIXED } from './user-columns'
import classes from './users.module.css'

export function useColumnChoice() {
  return useLocalStorage<readonly string[]>({
    key: 'users-columns',
    defaultValue: DEFAULT_COLUMNS,
    getInitialValueInEffect: false,
  })
}

export function ColumnPicker() {
  const [columns, setColumns] = useColumnChoice()
  const { data: catalogue } = useQuery(featuresQuery({ window: usePeriod() }))
  const choices = [
    ...Object.entries(FIXED)
      .filter(([id]) => id !== 'name')
      .map(([id, { label }]) => ({ id, label })),
    ...(catalogue?.data ?? []).map(({ id, name }) => ({ id, label: name })),
  ]
  const order = choices.map(({ id }) => id)
  const toggle = (id: string, on: boolean) => {
    const next = on ? [...columns, id] : columns.filter((column) => column !== id)
    setColumns(order.filter((known) => next.includes(known)))
  }
  return (
    <Popover position="bottom-end" width={280} shadow="md" trapFocus returnFocus {...VEIL}>
      <Popover.Target>
        <Button size="xs" variant="default">
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns">
        <div className={classes.picker}>
          {choices.map(({ id, label }) => (
            <Check
              key={id}
              checked={columns.includes(id)}
              onChange={(on) => {
                toggle(id, on)
              }}
            >
              {label}
            </Check>
          ))}
        </div>
        <Button
          size="xs"
          variant="default"
          onClick={() => {
            setColumns(DEFAULT_COLUMNS)
          }}
        >
          Usual columns
        </Button>
      </Popover.Dropdown>
    </Popover>
  )
}
