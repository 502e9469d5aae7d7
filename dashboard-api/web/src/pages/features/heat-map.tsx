// Feature by team, month or license: the share of eligible seats in six steps, unknown hatched. It is a
// table, so that it is read by keyboard and by screen reader like any other.
import { SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { HEAT_ROWS, matrixQuery, type HeatCell, type HeatMatrix, type HeatRows } from '../../api/features'
import { useReading } from '../../frame/reading'
import { Downloads } from '../../parts/downloads'
import { EmptyState } from '../../parts/empty-state'
import { Hint } from '../../parts/hint'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { count, humanize } from '../../words/format'
import { heatStep, STEPS } from '../../words/heat'
import classes from './features.module.css'

export function HeatMap() {
  const [by, setBy] = useState<HeatRows>('team')
  const reading = useReading()
  const query = useQuery(matrixQuery(by, reading))
  return (
    <>
      <div className={parts.toolbar}>
        <SegmentedControl
          size="xs"
          aria-label="Rows"
          value={by}
          onChange={(name) => {
            setBy(HEAT_ROWS.find((row) => row === name) ?? 'team')
          }}
          data={HEAT_ROWS.map((row) => ({ value: row, label: `By ${row}` }))}
        />
        <Legend />
        <span className={parts.toolbarEnd}>
          <Downloads path="/features/matrix" query={{ by, ...reading }} label="the heat map" />
        </span>
      </div>
      <Loaded query={query} label="the heat map" height={480}>
        {(matrix) =>
          matrix.data.length === 0 ? (
            <EmptyState title={`No ${by} to show`}>
              <p>None was read, or the filters leave none.</p>
            </EmptyState>
          ) : (
            <Matrix matrix={matrix} by={by} />
          )
        }
      </Loaded>
    </>
  )
}

function Legend() {
  return (
    <ul className={classes.legend} aria-label="Legend">
      {STEPS.map(({ step, label }) => (
        <li key={step}>
          <span className={classes.swatch} data-step={step} /> {label}
        </li>
      ))}
      <li>
        <span className={classes.swatch} data-step="unknown" /> unknown
      </li>
    </ul>
  )
}

function Matrix({ matrix, by }: { matrix: HeatMatrix; by: HeatRows }) {
  return (
    <Panel title={<Hint of="heat">Share of eligible seats, by {by}</Hint>} flush>
      <div className={classes.scroll} role="region" aria-label="Heat map" tabIndex={0}>
        <table className={classes.heat}>
          <thead>
            <tr>
              <th scope="col">{humanize(by)}</th>
              {matrix.columns.map((column) => (
                <th scope="col" key={column.id}>
                  <Link to="/features/$featureId" params={{ featureId: column.id }}>
                    {column.name}
                  </Link>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {matrix.data.map((row) => (
              <tr key={row.id}>
                <th scope="row">
                  <RowName row={row} by={by} />
                </th>
                {row.cells.map((cell, index) => (
                  <Cell key={matrix.columns[index]?.id ?? index} cell={cell} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  )
}

function RowName({ row, by }: { row: HeatMatrix['data'][number]; by: HeatRows }) {
  if (by === 'month') return row.name
  return (
    <Link to="/users" search={by === 'team' ? { team: row.id } : { license: row.id }}>
      {row.name}
    </Link>
  )
}

function Cell({ cell }: { cell: HeatCell }) {
  const step = heatStep(cell)
  return (
    <td data-step={step} title={cellWords(cell)}>
      {step === 'unknown' ? (
        <span role="img" aria-label="unknown">
          ?
        </span>
      ) : step === 'none' ? (
        <span title="nobody is eligible">–</span>
      ) : (
        `${Math.round(cell.percent ?? 0)}`
      )}
    </td>
  )
}

function cellWords({ used, eligible, unknown }: HeatCell): string {
  const known = `${count(used)} of ${count(eligible)} eligible seats`
  return unknown > 0 ? `${known}, ${count(unknown)} unknown` : known
}
