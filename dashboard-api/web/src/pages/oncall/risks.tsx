// Two risks apart from waste: people who are paged and never answer, and levels with one person.
import { Link } from '@tanstack/react-router'
import type { LoadRow, SoleLevel } from '../../api/teams'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, hours } from '../../words/format'
import classes from './oncall.module.css'

export function Ghosts({ rows }: { rows: LoadRow[] }) {
  return (
    <Panel title={<Hint of="ghosts">Ghost responders</Hint>} flush>
      {rows.length === 0 ? (
        <p className={classes.none}>Everybody who was notified five times or more has answered.</p>
      ) : (
        <Table label="Ghost responders" compact>
          <thead>
            <tr>
              <th scope="col">Person</th>
              <th scope="col" className={cells.numeric}>
                Notified
              </th>
              <th scope="col" className={cells.numeric}>
                Acknowledged
              </th>
              <th scope="col" className={cells.numeric}>
                Duty
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.user_id}>
                <th scope="row">
                  <Link to="/users/$userId" params={{ userId: row.user_id }}>
                    {row.name}
                  </Link>
                </th>
                <td className={cells.numeric}>{count(row.notifications)}</td>
                <td className={cells.numeric}>0</td>
                <td className={cells.numeric}>{hours(row.duty_seconds)}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  )
}

export function SoleLevels({ levels }: { levels: SoleLevel[] }) {
  return (
    <Panel title={<Hint of="sole_levels">Single-person levels</Hint>} flush>
      {levels.length === 0 ? (
        <p className={classes.none}>Every level of every escalation policy has more than one person.</p>
      ) : (
        <div className={cells.tall}>
          <Table label="Single-person levels" compact>
            <thead>
              <tr>
                <th scope="col">Escalation policy</th>
                <th scope="col" className={cells.numeric}>
                  Level
                </th>
                <th scope="col">Only person</th>
              </tr>
            </thead>
            <tbody>
              {levels.map((level) => (
                <tr key={`${level.policy_id} ${level.level}`}>
                  <th scope="row">{level.policy}</th>
                  <td className={cells.numeric}>{level.level}</td>
                  <td>
                    <Link to="/users/$userId" params={{ userId: level.user_id }}>
                      {level.name}
                    </Link>
                  </td>
                </tr>
              ))}
            </tbody>
          </Table>
        </div>
      )}
    </Panel>
  )
}
