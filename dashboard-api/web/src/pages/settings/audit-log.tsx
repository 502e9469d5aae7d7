// Everything that was done here and by whom, chained by hashes, so that a gap or a change shows.
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { auditQuery, auditVerificationQuery, type AuditEntry } from '../../api/people'
import { Downloads } from '../../parts/downloads'
import { Loaded } from '../../parts/loaded'
import { MoreButton } from '../../parts/more-button'
import { Notice } from '../../parts/notice'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { count, humanize, instant, textOr } from '../../words/format'

export function AuditLog() {
  const query = useInfiniteQuery(auditQuery)
  return (
    <>
      <Verification />
      <Panel
        title="Audit log"
        aside={
          <span className={parts.toolbarEnd}>
            <Downloads path="/audit-log" query={{}} label="the audit log" />
          </span>
        }
        flush
      >
        <Loaded query={query} label="the audit log">
          {({ pages }) => <EntryTable entries={pages.flatMap(({ data }) => data)} />}
        </Loaded>
      </Panel>
      <MoreButton query={query} />
    </>
  )
}

function Verification() {
  const { data } = useQuery(auditVerificationQuery)
  if (data === undefined) return null
  if (data.broken_at === null) {
    return <Notice tone="good" title={`The chain of all ${count(data.entries)} entries is whole`} />
  }
  return (
    <Notice tone="bad" title={`The chain is broken at entry ${count(data.broken_at)}`} live="alert">
      <p>That entry or one before it was changed or removed outside this product.</p>
    </Notice>
  )
}

function EntryTable({ entries }: { entries: AuditEntry[] }) {
  return (
    <Table label="Audit log">
      <thead>
        <tr>
          <th scope="col" className={cells.numeric}>
            No.
          </th>
          <th scope="col">When</th>
          <th scope="col">Who</th>
          <th scope="col">What</th>
          <th scope="col">On</th>
          <th scope="col">Detail</th>
        </tr>
      </thead>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.number}>
            <td className={cells.numeric}>{count(entry.number)}</td>
            <td className={cells.nowrap}>{instant(entry.at)}</td>
            <td>{textOr(entry.actor_name, entry.actor)}</td>
            <td>{humanize(entry.action.replaceAll('.', ' '))}</td>
            <td>{entry.subject}</td>
            <td className={cells.reason}>{detailWords(entry.detail)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}

function detailWords(detail: unknown): string {
  if (detail === null || detail === undefined) return ''
  if (typeof detail !== 'object') return `${detail as string | number | boolean}`
  return Object.entries(detail)
    .map(([name, value]) => `${humanize(name).toLowerCase()} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')
}
