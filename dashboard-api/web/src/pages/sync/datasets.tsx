// Each dataset: its state, how far it reaches, what it cost to read, and when it is read again.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { datasetsQuery, type DatasetRow, type DatasetTable } from '../../api/sources'
import { DatasetMark } from '../../parts/dataset-mark'
import { Downloads } from '../../parts/downloads'
import { Hint } from '../../parts/hint'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { useNow } from '../../parts/use-now'
import { coverageWords, datasetLabel } from '../../words/datasets'
import { count, countOf, instant, relative } from '../../words/format'

export function Datasets() {
  const query = useQuery(datasetsQuery)
  return (
    <Loaded query={query} label="datasets" height={480}>
      {(table) => <DatasetPanel table={table} />}
    </Loaded>
  )
}

function DatasetPanel({ table }: { table: DatasetTable }) {
  return (
    <Panel
      title={table.generation === null ? 'No figures yet' : `Generation ${count(table.generation)}, as of ${instant(table.as_of)}`}
      aside={
        <span className={parts.toolbarEnd}>
          <Downloads path="/datasets" query={{}} label="datasets" />
        </span>
      }
      flush
    >
      <Table label="Datasets">
        <thead>
          <tr>
            <th scope="col">Dataset</th>
            <th scope="col">State</th>
            <th scope="col">Reaches</th>
            <th scope="col" className={cells.numeric}>
              <Hint of="received">Records</Hint> / <Hint of="expected">expected</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="stored">Stored</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              API calls
            </th>
            <th scope="col" className={cells.numeric}>
              429s
            </th>
            <th scope="col">Last run</th>
            <th scope="col">Next run</th>
          </tr>
        </thead>
        <tbody>
          {table.data.map((row) => (
            <Row key={`${row.connection_id} ${row.dataset}`} row={row} />
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}

function Row({ row }: { row: DatasetRow }) {
  const now = useNow()
  const short = row.expected !== null && row.records < row.expected
  return (
    <tr>
      <th scope="row" className={cells.nowrap}>
        <Link to="/sync" search={{ tab: 'receipts', dataset: row.dataset }}>
          {datasetLabel(row.dataset)}
        </Link>
      </th>
      <td>
        <DatasetMark state={row.state} />
      </td>
      <td className={cells.reason} title={row.covered_to === null ? undefined : `up to ${instant(row.covered_to)}`}>
        {coverageWords(row)}
      </td>
      <td className={cells.numeric} data-short={short}>
        {count(row.records)} / {countOf(row.expected)}
      </td>
      <td className={cells.numeric}>{count(row.stored)}</td>
      <td className={cells.numeric}>{count(row.requests)}</td>
      <td className={cells.numeric}>{count(row.rate_limited)}</td>
      <td className={cells.nowrap}>{relative(row.last_run_at, now)}</td>
      <td className={cells.nowrap}>{relative(row.next_run_at, now)}</td>
    </tr>
  )
}
