// Assigned and active seats of each license over time, from the recorded history.
import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { licenseHistoryQuery, type HistoryPoint } from '../../api/money'
import type { License } from '../../api/types'
import { ChartPanel } from '../../parts/chart-panel'
import { Downloads } from '../../parts/downloads'
import { EmptyState } from '../../parts/empty-state'
import { Loaded } from '../../parts/loaded'
import parts from '../../parts/parts.module.css'
import { SeriesChart, type Series } from '../../parts/series-chart'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { CLASSES } from '../../words/classes'
import { count, date } from '../../words/format'

type Grain = 'day' | 'week' | 'month'
const GRAINS: readonly Grain[] = ['day', 'week', 'month']

const SERIES: readonly Series[] = [
  { id: 'seats', label: 'Assigned', color: 'var(--line-strong)', dashed: true },
  { id: 'active', label: 'Active', color: 'var(--class-active)' },
  { id: 'idle', label: 'Idle', color: 'var(--class-idle)' },
  { id: 'never', label: 'Never', color: 'var(--class-never)' },
]

export function LicenseTrend({ licenses }: { licenses: License[] }) {
  const [grain, setGrain] = useState<Grain>('week')
  const query = useQuery(licenseHistoryQuery(grain))
  return (
    <>
      <div className={parts.toolbar}>
        <NativeSelect
          size="xs"
          aria-label="Grain"
          value={grain}
          onChange={(event) => {
            setGrain(GRAINS.find((name) => name === event.currentTarget.value) ?? 'week')
          }}
          data={GRAINS.map((name) => ({ value: name, label: `By ${name}` }))}
        />
        <span className={parts.toolbarEnd}>
          <Downloads path="/licenses/history" query={{ grain }} label="the license history" />
        </span>
      </div>
      <Loaded query={query} label="the history" height={320}>
        {(points) =>
          points.length === 0 ? (
            <EmptyState title="No history yet">
              <p>Every day with a complete sync adds a point. Come back tomorrow.</p>
            </EmptyState>
          ) : (
            licenses.map((license) => (
              <OneLicense
                key={license.id}
                license={license}
                points={points.filter(({ license_id: id }) => id === license.id)}
              />
            ))
          )
        }
      </Loaded>
    </>
  )
}

function OneLicense({ license, points }: { license: License; points: HistoryPoint[] }) {
  if (points.length === 0) return null
  return (
    <ChartPanel
      title={license.name}
      chart={
        <SeriesChart
          series={SERIES}
          points={points.map(({ day, seats, active, idle, never }) => ({ day, values: { seats, active, idle, never } }))}
          label={`Seats with ${license.name}`}
        />
      }
      table={<HistoryTable license={license} points={points} />}
    />
  )
}

function HistoryTable({ license, points }: { license: License; points: HistoryPoint[] }) {
  return (
    <Table label={`History of ${license.name}`}>
      <thead>
        <tr>
          <th scope="col">Day</th>
          <th scope="col" className={cells.numeric}>
            Assigned
          </th>
          {CLASSES.map(({ id, label }) => (
            <th scope="col" key={id} className={cells.numeric}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {points.toReversed().map((point) => (
          <tr key={point.day}>
            <th scope="row">{date(point.day)}</th>
            <td className={cells.numeric}>{count(point.seats)}</td>
            {CLASSES.map(({ id }) => (
              <td key={id} className={cells.numeric}>
                {count(point[id])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
