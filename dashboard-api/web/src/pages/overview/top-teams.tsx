// Where the waste is: the teams with the most unused money, or seats while no price is known.
import { Link } from '@tanstack/react-router'
import type { Overview } from '../../api/types'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count } from '../../words/format'
import { money } from '../../words/money'
import classes from './overview.module.css'

export function TopTeams({ overview }: { overview: Overview }) {
  const { top_teams: teams, money: prices } = overview
  return (
    <Panel
      title={<Hint of="waste">Top teams by waste</Hint>}
      aside={<Link to="/teams">All teams</Link>}
      flush
    >
      {teams.length === 0 ? (
        <p className={classes.none}>No team was read, or no seat of a team is unused.</p>
      ) : (
        <Table label="Top teams by waste" compact>
          <thead>
            <tr>
              <th scope="col">Team</th>
              <th scope="col" className={cells.numeric}>
                Seats
              </th>
              <th scope="col" className={cells.numeric}>
                <Hint of="idle">Idle</Hint>
              </th>
              <th scope="col" className={cells.numeric}>
                Waste / month
              </th>
            </tr>
          </thead>
          <tbody>
            {teams.map((team) => (
              <tr key={team.id}>
                <th scope="row">
                  <Link to="/users" search={{ team: team.id }}>
                    {team.name}
                  </Link>
                </th>
                <td className={cells.numeric}>{count(team.seats)}</td>
                <td className={cells.numeric}>
                  <Link to="/users" search={{ team: team.id, class: 'idle' }} aria-label={`${team.idle} idle in ${team.name}`}>
                    {count(team.idle)}
                  </Link>
                </td>
                <td className={cells.numeric}>{money(team.waste_monthly, prices.currency)}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  )
}
