// Duty and interruptions of each person, with the weeks as thin bars; sorted in the page, as all rows are here.
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { LoadRow } from '../../api/teams'
import { useMoment, useReading } from '../../frame/reading'
import { Badge } from '../../parts/badge'
import { Downloads } from '../../parts/downloads'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import type { DefinitionName } from '../../words/definitions'
import { count, hours, plural, span } from '../../words/format'
import { DutyWeeks } from './duty-weeks'

type Key =
  | 'duty_seconds'
  | 'business_seconds'
  | 'off_hours_seconds'
  | 'notifications'
  | 'sleep_notifications'
  | 'mean_ack_seconds'

const COLUMNS: readonly { key: Key; label: string; of: DefinitionName; write: (value: number | null) => string }[] = [
  { key: 'duty_seconds', label: 'Duty', of: 'duty', write: (value) => hours(value ?? 0) },
  { key: 'business_seconds', label: 'Business', of: 'business_hours', write: (value) => hours(value ?? 0) },
  { key: 'off_hours_seconds', label: 'Off hours', of: 'off_hours', write: (value) => hours(value ?? 0) },
  { key: 'notifications', label: 'Notified', of: 'interruptions', write: (value) => count(value ?? 0) },
  { key: 'sleep_notifications', label: 'At night', of: 'sleep_pages', write: (value) => count(value ?? 0) },
  { key: 'mean_ack_seconds', label: 'Mean to ack', of: 'mean_ack', write: span },
]

/** Drawn at once; the file has all of them. */
const SHOWN = 100

export function LoadTable({ rows }: { rows: LoadRow[] }) {
  const [by, setBy] = useState<Key>('duty_seconds')
  const [all, setAll] = useState(false)
  const { team } = useReading()
  const moment = useMoment()
  const sorted = rows.toSorted((a, b) => (b[by] ?? -1) - (a[by] ?? -1) || a.name.localeCompare(b.name))
  const shown = all ? sorted : sorted.slice(0, SHOWN)
  return (
    <Panel
      title={plural(rows.length, 'person on duty', 'people on duty')}
      aside={
        <span className={parts.toolbarEnd}>
          <Downloads path="/oncall-load" query={{ ...moment, team }} label="on-call load" />
        </span>
      }
      flush
    >
      <Table label="On-call load per person">
        <Head by={by} onBy={setBy} />
        <tbody>
          {shown.map((row) => (
            <Row key={row.user_id} row={row} />
          ))}
        </tbody>
      </Table>
      {shown.length < sorted.length && (
        <button
          type="button"
          className={parts.moreRows}
          onClick={() => {
            setAll(true)
          }}
        >
          Show {plural(sorted.length - shown.length, 'more person', 'more people')}
        </button>
      )}
    </Panel>
  )
}

function Head({ by, onBy }: { by: Key; onBy: (key: Key) => void }) {
  return (
    <thead>
      <tr>
        <th scope="col">Person</th>
        {COLUMNS.map(({ key, label, of }) => (
          <th scope="col" key={key} className={cells.numeric} aria-sort={key === by ? 'descending' : 'none'}>
            <Hint of={of}>{label}</Hint>{' '}
            <button
              type="button"
              className={parts.linkButton}
              aria-label={`Sort by ${label}`}
              onClick={() => {
                onBy(key)
              }}
            >
              {key === by ? '↓' : '↕'}
            </button>
          </th>
        ))}
        <th scope="col">
          <Hint of="duty">Weeks</Hint>
        </th>
      </tr>
    </thead>
  )
}

function Row({ row }: { row: LoadRow }) {
  return (
    <tr>
      <th scope="row" className={cells.nowrap}>
        <Link to="/users/$userId" params={{ userId: row.user_id }}>
          {row.name}
        </Link>{' '}
        {row.ghost && <Badge tone="bad">ghost</Badge>}
      </th>
      {COLUMNS.map(({ key, write }) => (
        <td key={key} className={cells.numeric}>
          {write(row[key])}
        </td>
      ))}
      <td>
        <DutyWeeks row={row} />
      </td>
    </tr>
  )
}
