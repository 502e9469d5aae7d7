// What the account has bought beyond seats, and whether any of it was used.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { addonsQuery, type Addon } from '../../api/features'
import { useMoment } from '../../frame/reading'
import { Badge } from '../../parts/badge'
import { Downloads } from '../../parts/downloads'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { VerdictMark } from '../../parts/verdict-mark'
import { addonName } from '../../words/addons'
import { countOf, instant, textOr } from '../../words/format'

export function Addons() {
  const moment = useMoment()
  const query = useQuery(addonsQuery(moment))
  return (
    <Loaded query={query} label="add-ons" height={320}>
      {(addons) => (
        <Panel
          title="Add-ons of the account"
          aside={
            <span className={parts.toolbarEnd}>
              <Downloads path="/addons" query={{ ...moment }} label="add-ons" />
            </span>
          }
          flush
        >
          <Table label="Add-ons of the account">
            <thead>
              <tr>
                <th scope="col">Add-on</th>
                <th scope="col">Bought</th>
                <th scope="col" className={cells.numeric}>
                  Objects
                </th>
                <th scope="col">Used in the period</th>
                <th scope="col">Last use</th>
                <th scope="col">
                  <span className="visually-hidden">Recommendation</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {addons.map((addon) => (
                <AddonRow key={addon.id} addon={addon} />
              ))}
            </tbody>
          </Table>
        </Panel>
      )}
    </Loaded>
  )
}

function AddonRow({ addon }: { addon: Addon }) {
  const wasted = addon.bought === true && addon.used_in_window === 'unused'
  return (
    <tr>
      <th scope="row">{addonName(addon)}</th>
      <td>
        <Bought addon={addon} />
      </td>
      <td className={cells.numeric}>{countOf(addon.objects)}</td>
      <td>
        {addon.bought === false ? <span className={cells.dim}>not in plan</span> : <VerdictMark of={addon.used_in_window} />}
        {addon.used_in_window === 'unknown' && (
          <p className={cells.unknownReason}>{textOr(addon.reason, 'its source is not complete')}</p>
        )}
      </td>
      <td className={cells.nowrap}>{addon.last_at === null ? 'none on record' : instant(addon.last_at)}</td>
      <td>
        {wasted && (
          <Link to="/recommendations" search={{ kind: 'addon' }}>
            Bought, not used
          </Link>
        )}
      </td>
    </tr>
  )
}

function Bought({ addon: { bought } }: { addon: Addon }) {
  if (bought === null) return <VerdictMark of="unknown" />
  return bought ? <Badge tone="good">on</Badge> : <Badge>off</Badge>
}
