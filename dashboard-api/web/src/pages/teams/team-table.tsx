// One row per team, in the order of their waste; sub-teams stand below their parent.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { overviewQuery } from '../../api/queries'
import type { TeamRow, TeamTable as Answer } from '../../api/teams'
import { useReading } from '../../frame/reading'
import { Downloads } from '../../parts/downloads'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, hours, percent, plural } from '../../words/format'
import { money } from '../../words/money'
import { FeatureBars } from './feature-bars'
import { inTree } from './tree'
import classes from './teams.module.css'

export function TeamTable({ table }: { table: Answer }) {
  const reading = useReading()
  const { data: overview } = useQuery(overviewQuery(reading))
  const currency = overview?.money.currency
  return (
    <Panel
      title={plural(table.data.length, 'team', 'teams')}
      aside={
        <span className={parts.toolbarEnd}>
          <Downloads path="/teams" query={{ ...reading }} label="teams" />
        </span>
      }
      flush
    >
      <Table label="Teams">
        <Head />
        <tbody>
          {inTree(table.data).map(({ team, depth }) => (
            <Row key={team.id} team={team} depth={depth} currency={currency} />
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">
              <Hint of="team_members">All people, once</Hint>
            </th>
            <td />
            <td className={cells.numeric}>{count(table.people.seats)}</td>
            <td className={cells.numeric}>{count(table.people.active)}</td>
            <td className={cells.numeric}>{count(table.people.idle)}</td>
            <td colSpan={5} className={cells.dim}>
              {table.hidden > 0 && `${plural(table.hidden, 'team', 'teams')} too small to be shown`}
            </td>
          </tr>
        </tfoot>
      </Table>
    </Panel>
  )
}

function Head() {
  return (
    <thead>
      <tr>
        <th scope="col">Team</th>
        <th scope="col" className={cells.numeric}>
          <Hint of="team_members">Members</Hint>
        </th>
        <th scope="col" className={cells.numeric}>
          <Hint of="seats">Seats</Hint>
        </th>
        <th scope="col" className={cells.numeric}>
          <Hint of="active">Active</Hint>
        </th>
        <th scope="col" className={cells.numeric}>
          <Hint of="idle">Idle</Hint>
        </th>
        <th scope="col" className={cells.numeric}>
          <Hint of="utilization">Utilization</Hint>
        </th>
        <th scope="col" className={cells.numeric}>
          <Hint of="duty">Duty</Hint>
        </th>
        <th scope="col" className={cells.numeric}>
          <Hint of="monthly_cost">Cost / month</Hint>
        </th>
        <th scope="col" className={cells.numeric}>
          <Hint of="waste">Waste / month</Hint>
        </th>
        <th scope="col">
          <Hint of="heat">Features</Hint>
        </th>
      </tr>
    </thead>
  )
}

interface RowProps {
  team: TeamRow
  depth: number
  currency: string | null | undefined
}

function Row({ team, depth, currency }: RowProps) {
  return (
    <tr>
      <th scope="row">
        <span className={classes.name} style={{ paddingLeft: depth * 16 }}>
          <Link to="/" search={{ team: team.id }} title="The overview of this team">
            {team.name}
          </Link>
        </span>
      </th>
      <td className={cells.numeric}>{count(team.members)}</td>
      <td className={cells.numeric}>
        <Link to="/users" search={{ team: team.id }} aria-label={`${team.seats} seats of ${team.name}: show them`}>
          {count(team.seats)}
        </Link>
      </td>
      <td className={cells.numeric}>
        <Link to="/users" search={{ team: team.id, class: 'active' }} aria-label={`${team.active} active in ${team.name}: show them`}>
          {count(team.active)}
        </Link>
      </td>
      <td className={cells.numeric}>
        <Link to="/users" search={{ team: team.id, class: 'idle' }} aria-label={`${team.idle} idle in ${team.name}: show them`}>
          {count(team.idle)}
        </Link>
      </td>
      <td className={cells.numeric}>{percent(team.utilization_percent)}</td>
      <td className={cells.numeric}>
        <Link to="/on-call" search={{ team: team.id }} aria-label={`Duty of ${team.name}: ${hours(team.duty_seconds)}`}>
          {hours(team.duty_seconds)}
        </Link>
      </td>
      <td className={cells.numeric}>{money(team.cost_monthly, currency)}</td>
      <td className={cells.numeric}>{money(team.waste_monthly, currency)}</td>
      <td>
        <FeatureBars team={team} />
      </td>
    </tr>
  )
}
