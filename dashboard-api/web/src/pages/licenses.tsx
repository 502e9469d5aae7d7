// What was bought, who holds it, and how much of it is used.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { licensesQuery } from '../api/queries'
import type { License } from '../api/types'
import { usePeriod } from '../frame/period'
import { Answered } from '../parts/answered'
import { ClassBar } from '../parts/bars'
import { EmptyState } from '../parts/empty-state'
import { Hint } from '../parts/hint'
import { Panel } from '../parts/panel'
import marks from '../parts/marks.module.css'
import { SeatClassMark } from '../parts/seat-class'
import { Table } from '../parts/table'
import cells from '../parts/table.module.css'
import { CLASSES, seatsIn } from '../words/classes'
import { count, humanize, percent } from '../words/format'

export function LicensesPage() {
  const query = useQuery(licensesQuery(usePeriod()))
  return (
    <Answered
      title="Licenses"
      subtitle="Bought, assigned and used"
      query={query}
      skeleton={<Skeleton height={320} />}
    >
      {({ data }) => (data.length === 0 ? <NoLicense /> : <LicenseTable licenses={data} />)}
    </Answered>
  )
}

function NoLicense() {
  return (
    <EmptyState title="No license was read">
      <p>
        The account names no license, or the granted access does not cover them. Seats are still counted
        by role. <Link to="/connections">See what is readable</Link>
      </p>
    </EmptyState>
  )
}

function LicenseTable({ licenses }: { licenses: License[] }) {
  return (
    <Panel title={`${count(licenses.length)} licenses`} aside={<ClassLegend />} flush>
      <Table label="Licenses">
        <thead>
          <tr>
            <th scope="col">License</th>
            <th scope="col" className={cells.numeric}>
              <Hint of="purchased">Purchased</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="assigned">Assigned</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="free">Free</Hint>
            </th>
            <th scope="col">
              <Hint of="classes">Seats by class</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="active">Active</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="unknown">Unknown</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="utilization">Utilization</Hint>
            </th>
            <th scope="col">Roles</th>
          </tr>
        </thead>
        <tbody>
          {licenses.map((license) => (
            <LicenseRow key={license.id} license={license} />
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}

function LicenseRow({ license }: { license: License }) {
  return (
    <tr>
      <th scope="row">
        <Link to="/users" search={{ license: license.id }}>
          {license.name}
        </Link>
        <p className={cells.definition}>{license.description}</p>
      </th>
      <td className={cells.numeric}>{slots(license.purchased)}</td>
      <td className={cells.numeric}>{count(license.assigned)}</td>
      <td className={cells.numeric}>{slots(license.free)}</td>
      <td className={cells.barCell}>
        <ClassBar byClass={license.by_class} height={14} label={`${license.name} by class`} />
      </td>
      <td className={cells.numeric}>{count(seatsIn(license.by_class, 'active'))}</td>
      <td className={cells.numeric}>{count(seatsIn(license.by_class, 'unknown'))}</td>
      <td className={cells.numeric}>{percent(license.utilization_percent)}</td>
      <td className={cells.dim}>
        {humanize(license.role_group)}: {license.valid_roles.map(humanize).join(', ')}
      </td>
    </tr>
  )
}

const slots = (value: number | null | undefined): string =>
  value == null ? 'unlimited' : count(value)

function ClassLegend() {
  return (
    <ul className={marks.legend} aria-label="Legend">
      {CLASSES.map(({ id }) => (
        <li key={id}>
          <SeatClassMark of={id} />
        </li>
      ))}
    </ul>
  )
}
