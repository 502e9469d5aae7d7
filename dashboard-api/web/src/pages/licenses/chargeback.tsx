// What each team pays for its seats in a month; the rows sum to the invoice.
import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { address } from '../../api/client'
import { chargebackQuery, type Chargeback as Answer } from '../../api/money'
import { Downloads } from '../../parts/downloads'
import { EmptyState } from '../../parts/empty-state'
import { Hint } from '../../parts/hint'
import { Loaded } from '../../parts/loaded'
import { MissingPrices } from '../../parts/missing-prices'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, month as monthName } from '../../words/format'
import { money } from '../../words/money'

const MONTHS_BACK = 12

export function Chargeback() {
  const [months] = useState(lastMonths)
  const [month, setMonth] = useState(months[0] ?? '')
  const query = useQuery(chargebackQuery(month))
  return (
    <>
      <div className={parts.toolbar}>
        <NativeSelect
          size="xs"
          aria-label="Month"
          value={month}
          onChange={(event) => {
            setMonth(event.currentTarget.value)
          }}
          data={months.map((name) => ({ value: name, label: monthName(name) }))}
        />
        <span className={parts.toolbarEnd}>
          <a href={address('/exports/focus', { month, format: 'csv' })} download>
            FOCUS file
          </a>
          <Downloads path="/chargeback" query={{ month }} label="the charge-back" />
        </span>
      </div>
      <Loaded query={query} label="the charge-back" height={320}>
        {(answer) => <ChargebackTable answer={answer} />}
      </Loaded>
    </>
  )
}

function ChargebackTable({ answer }: { answer: Answer }) {
  if (answer.currency === null || answer.data.length === 0) {
    return (
      <EmptyState title="Nothing to charge">
        <p>
          No price is valid in this month, and none is ever assumed.{' '}
          <Link to="/licenses" search={{ tab: undefined }}>
            Enter prices
          </Link>
        </p>
      </EmptyState>
    )
  }
  return (
    <>
      <MissingPrices ids={answer.missing_prices} />
      <Panel title={<Hint of="chargeback">Cost by team</Hint>} aside={<span className={parts.dim}>{answer.method}</span>} flush>
        <Table label="Cost by team" compact>
          <thead>
            <tr>
              <th scope="col">Team</th>
              <th scope="col" className={cells.numeric}>
                Seats
              </th>
              <th scope="col" className={cells.numeric}>
                Amount
              </th>
            </tr>
          </thead>
          <tbody>
            {answer.data.map((row) => (
              <tr key={row.team_id ?? ''}>
                <th scope="row">
                  {row.team_id === null ? (
                    row.team
                  ) : (
                    <Link to="/users" search={{ team: row.team_id }}>
                      {row.team}
                    </Link>
                  )}
                </th>
                <td className={cells.numeric}>{people(row.seats)}</td>
                <td className={cells.numeric}>{money(row.amount_minor, answer.currency)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={2}>
                Total
              </th>
              <td className={cells.numeric}>{money(answer.total_minor, answer.currency)}</td>
            </tr>
          </tfoot>
        </Table>
      </Panel>
    </>
  )
}

/** People in several teams are divided, so that a team may hold parts of one. */
const people = (seats: number): string =>
  Number.isInteger(seats) ? count(seats) : seats.toFixed(2)

/** The running month first. */
function lastMonths(): string[] {
  const now = new Date()
  return Array.from({ length: MONTHS_BACK }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  )
}
