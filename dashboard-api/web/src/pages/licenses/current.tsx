// Every license as it is now: slots, seats by class, price, cost and waste.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { pricesQuery } from '../../api/money'
import type { License } from '../../api/types'
import { useReading } from '../../frame/reading'
import { ClassBar } from '../../parts/bars'
import { ClassLegend } from '../../parts/class-legend'
import { Downloads } from '../../parts/downloads'
import { EmptyState } from '../../parts/empty-state'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import type { DefinitionName } from '../../words/definitions'
import { seatsIn } from '../../words/classes'
import { count, date, humanize, percent, plural } from '../../words/format'
import { money } from '../../words/money'
import { PriceCell } from './price-cell'

const FIGURES: readonly { of: DefinitionName; label: string }[] = [
  { of: 'active', label: 'Active' },
  { of: 'idle', label: 'Idle' },
  { of: 'utilization', label: 'Utilization' },
  { of: 'price', label: 'Price' },
  { of: 'monthly_cost', label: 'Cost / mo' },
  { of: 'waste', label: 'Waste / mo' },
]

export function CurrentLicenses({ licenses }: { licenses: License[] }) {
  const reading = useReading()
  const { data: prices } = useQuery(pricesQuery)
  const currency = prices?.currency ?? licenses.find(({ price }) => price != null)?.price?.currency
  if (licenses.length === 0) return <NoLicense />
  return (
    <>
      <div className={parts.toolbar}>
        <ClassLegend />
        <span className={parts.toolbarEnd}>
          <Downloads path="/licenses" query={{ ...reading }} label="licenses" />
        </span>
      </div>
      <Panel title={plural(licenses.length, 'license', 'licenses')} flush>
        <Table label="Licenses">
          <thead>
            <tr>
              <th scope="col">License</th>
              <th scope="col" className={cells.numeric}>
                <Hint of="purchased">Bought</Hint>
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
              {FIGURES.map(({ of, label }) => (
                <th scope="col" key={of} className={cells.numeric}>
                  <Hint of={of}>{label}</Hint>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {licenses.map((license) => (
              <LicenseRow key={license.id} license={license} currency={currency} />
            ))}
          </tbody>
        </Table>
      </Panel>
    </>
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

function LicenseRow({ license, currency }: { license: License; currency: string | null | undefined }) {
  return (
    <tr>
      <th scope="row" className={cells.nameCell}>
        <Link to="/users" search={{ license: license.id }}>
          {license.name}
        </Link>
        <p className={cells.definition} title={`Roles: ${license.valid_roles.map(humanize).join(', ')}`}>
          {license.description}
        </p>
        <Runway license={license} />
      </th>
      <td className={cells.numeric}>{slots(license.purchased)}</td>
      <td className={cells.numeric}>{count(license.assigned)}</td>
      <td className={cells.numeric}>{slots(license.free)}</td>
      <td className={cells.barCell}>
        <ClassBar byClass={license.by_class} height={14} label={`${license.name} by class`} />
      </td>
      <SeatsCell license={license} of="active" />
      <SeatsCell license={license} of="idle" />
      <td className={cells.numeric}>{percent(license.utilization_percent)}</td>
      <td className={cells.numeric}>
        <PriceCell license={license} />
      </td>
      <td className={cells.numeric}>{money(license.monthly_cost, license.price?.currency ?? currency)}</td>
      <td className={cells.numeric}>{money(license.waste_monthly, license.price?.currency ?? currency)}</td>
    </tr>
  )
}

function SeatsCell({ license, of }: { license: License; of: 'active' | 'idle' }) {
  const seats = seatsIn(license.by_class, of)
  return (
    <td className={cells.numeric}>
      <Link
        to="/users"
        search={{ license: license.id, class: of }}
        aria-label={`${count(seats)} ${of} with ${license.name}: show them`}
      >
        {count(seats)}
      </Link>
    </td>
  )
}

function Runway({ license: { runway } }: { license: License }) {
  if (runway == null) return null
  return (
    <p className={cells.dim}>
      <Hint of="runway">
        {runway.full_on == null ? 'not running out of seats' : `full on ${date(runway.full_on)}`}
      </Hint>
    </p>
  )
}

const slots = (value: number | null | undefined): string =>
  value == null ? 'unlimited' : count(value)
