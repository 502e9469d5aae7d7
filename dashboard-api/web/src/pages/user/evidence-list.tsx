// The records behind the verdicts, newest first, with the way to each at PagerDuty.
import { NativeSelect } from '@mantine/core'
import type { Evidence, Feature, UserDetail } from '../../api/types'
import { Outbound } from '../../parts/outbound'
import { Panel } from '../../parts/panel'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { featureName } from '../../words/features'
import { humanize, instant, NO_FIGURE, plural } from '../../words/format'
import classes from './user.module.css'

interface Props {
  user: UserDetail
  catalogue: Feature[]
  feature: string | null
  onFeature: (feature: string | null) => void
}

export function EvidenceList({ user, catalogue, feature, onFeature }: Props) {
  const ids = [...new Set(user.evidence.map((record) => record.feature))]
  const shown = user.evidence.filter((record) => feature === null || record.feature === feature)
  return (
    <Panel
      title={`Evidence: ${plural(shown.length, 'record', 'records')}`}
      aside={
        ids.length > 1 && (
          <NativeSelect
            size="xs"
            aria-label="Evidence of which feature"
            value={feature ?? ''}
            onChange={(event) => {
              onFeature(event.currentTarget.value === '' ? null : event.currentTarget.value)
            }}
            data={[
              { value: '', label: 'All features' },
              ...ids.map((id) => ({ value: id, label: featureName(id, catalogue) })),
            ]}
          />
        )
      }
      flush
    >
      {shown.length === 0 ? (
        <p className={classes.noEvidence}>
          No record of a use up to {instant(user.as_of)}. Nothing was used, or the source could not be
          read: the verdicts above say which.
        </p>
      ) : (
        <EvidenceTable records={shown} catalogue={catalogue} />
      )}
    </Panel>
  )
}

function EvidenceTable({ records, catalogue }: { records: Evidence[]; catalogue: Feature[] }) {
  return (
    <div className={classes.evidence}>
      <Table label="Evidence, newest first">
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
