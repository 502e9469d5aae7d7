// Single uses, newest first, with the way to each at PagerDuty.
import type { Evidence, Feature } from '../api/types'
import { featureName } from '../words/features'
import { humanize, instant, NO_FIGURE } from '../words/format'
import { Outbound } from './outbound'
import { Table } from './table'
import cells from './table.module.css'

export function EvidenceTable({ records, catalogue }: { records: Evidence[]; catalogue: Feature[] }) {
  return (
    <div className={cells.tall}>
      <Table label="Evidence, newest first" compact>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Feature</th>
            <th scope="col">Channel</th>
            <th scope="col">Record</th>
            <th scope="col">At PagerDuty</th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <tr key={`${record.feature} ${record.kind} ${record.id} ${record.at}`}>
              <td className={cells.nowrap}>{instant(record.at)}</td>
              <td className={cells.nowrap}>{featureName(record.feature, catalogue)}</td>
              <td className={cells.dim}>{record.channel ? humanize(record.channel) : NO_FIGURE}</td>
              <td className={cells.nowrap}>
                {humanize(record.kind)} <code>{record.id}</code>
              </td>
              <td className={cells.nowrap}>{source(record)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </div>
  )
}

function source({ url, incident_id: incident }: Evidence) {
  if (url == null) return incident == null ? NO_FIGURE : <>Incident {incident}</>
  return <Outbound href={url}>{incident == null ? 'Open' : `Incident ${incident}`}</Outbound>
}
