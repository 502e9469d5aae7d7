// How many of each license to renew, until when to say so, and what that saves.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { renewalQuery, type Renewal, type RenewalLicense } from '../../api/money'
import { Downloads } from '../../parts/downloads'
import { Fact, Facts } from '../../parts/facts'
import { Hint } from '../../parts/hint'
import { Loaded } from '../../parts/loaded'
import { Notice } from '../../parts/notice'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, date, month, plural } from '../../words/format'
import { money } from '../../words/money'

export function RenewalTab() {
  const query = useQuery(renewalQuery)
  return (
    <Loaded query={query} label="the renewal" height={320}>
      {(renewal) => (
        <>
          <ContractFacts renewal={renewal} />
          <RenewalTable renewal={renewal} />
        </>
      )}
    </Loaded>
  )
}

function ContractFacts({ renewal: { contract } }: { renewal: Renewal }) {
  if (contract === null) {
    return (
      <Notice tone="plain" title="No contract was entered">
        <p>
          With the renewal date and the notice period this page counts the days.{' '}
          <Link to="/settings" search={{ tab: 'contract' }}>
            Enter the contract
          </Link>
        </p>
      </Notice>
    )
  }
  const notice = new Date(Date.parse(contract.renewal_on) - contract.notice_days * 86_400_000)
  return (
    <Panel
      title="Contract"
      aside={
        <Link to="/settings" search={{ tab: 'contract' }}>
          Change
        </Link>
      }
    >
      <Facts>
        <Fact name="Renews on">{date(contract.renewal_on)}</Fact>
        <Fact name="Give notice by">{date(notice.toISOString())}</Fact>
        <Fact name="Notice period">{plural(contract.notice_days, 'day', 'days')}</Fact>
        <Fact name="Fiscal year starts in">
          {month(`2026-${`${contract.fiscal_year_start_month}`.padStart(2, '0')}`).split(' ')[0]}
        </Fact>
      </Facts>
    </Panel>
  )
}

function RenewalTable({ renewal }: { renewal: Renewal }) {
  return (
    <Panel
      title="Quantity at renewal"
      aside={
        <span className={parts.toolbarEnd}>
          <Downloads path="/renewal" query={{}} label="the renewal" />
        </span>
      }
      flush
    >
      <Table label="Quantity at renewal">
        <thead>
          <tr>
            <th scope="col">License</th>
            <th scope="col" className={cells.numeric}>
              <Hint of="purchased">Bought</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="needed">Needed</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              Headroom
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="suggested">Suggested</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              Change
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="saving">Saving / month</Hint>
            </th>
          </tr>
        </thead>
        <tbody>
          {renewal.data.map((license) => (
            <Row key={license.id} license={license} currency={renewal.contract?.currency} />
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}

function Row({ license, currency }: { license: RenewalLicense; currency: string | undefined }) {
  const change = license.purchased === null ? null : license.suggested - license.purchased
  return (
    <tr>
      <th scope="row">
        <Link to="/users" search={{ license: license.id }}>
          {license.name}
        </Link>
      </th>
      <td className={cells.numeric}>{license.purchased === null ? 'unlimited' : count(license.purchased)}</td>
      <td className={cells.numeric}>{count(license.needed)}</td>
      <td className={cells.numeric}>{license.headroom_percent} %</td>
      <td className={cells.numeric}>
        <strong>{count(license.suggested)}</strong>
      </td>
      <td className={cells.numeric}>{changeWords(change)}</td>
      <td className={cells.numeric}>{money(license.saving_monthly, currency)}</td>
    </tr>
  )
}

function changeWords(change: number | null): string {
  if (change === null) return '–'
  if (change === 0) return 'as now'
  return change < 0 ? `${count(-change)} fewer` : `${count(change)} more`
}
