// The sync in numbers, live while it runs: per dataset windows, receipts and state.
import type { DatasetProgress, Sync } from '../../api/types'
import { DatasetMark } from '../../parts/dataset-mark'
import { Hint } from '../../parts/hint'
import { RequestId } from '../../parts/notice'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { useNow } from '../../parts/use-now'
import { coverageWords, datasetLabel, runLabel } from '../../words/datasets'
import { count, countOf, instant, relative, textOr } from '../../words/format'
import classes from './connections.module.css'

export function SyncProgress({ sync }: { sync: Sync }) {
  const now = useNow()
  const running = sync.state === 'running' || sync.state === 'queued'
  return (
    <section className={classes.sync} aria-label="Sync">
      <div className={classes.syncHead}>
        <h3>Sync</h3>
        <p role="status">
          {runLabel(sync.state)}
          {running ? `: ${settled(sync)} of ${sync.datasets.length} datasets done` : ''}
          {running && sync.expected_end_at != null && `, done ${relative(sync.expected_end_at, now)}`}
        </p>
        <p className={cells.dim}>
          Figures up to {instant(sync.as_of)} · {count(sync.requests)} requests,{' '}
          {count(sync.rate_limited)} refused by the rate limit
        </p>
      </div>
      {sync.state === 'failed' && <Failed sync={sync} />}
      <Table label="Progress per dataset">
        <thead>
          <tr>
            <th scope="col">Dataset</th>
            <th scope="col">State</th>
            <th scope="col">
              <Hint of="windows">Windows</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="received">Received</Hint> / <Hint of="expected">expected</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="stored">Stored</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              Requests
            </th>
            <th scope="col">Coverage</th>
          </tr>
        </thead>
        <tbody>
          {sync.datasets.map((dataset) => (
            <DatasetRow key={dataset.dataset} dataset={dataset} />
          ))}
        </tbody>
      </Table>
    </section>
  )
}

function DatasetRow({ dataset }: { dataset: DatasetProgress }) {
  const short = dataset.expected != null && dataset.received < dataset.expected
  return (
    <tr>
      <th scope="row" className={cells.nowrap}>
        {datasetLabel(dataset.dataset)}
      </th>
      <td>
        <DatasetMark state={dataset.state} />
      </td>
      <td>
        <Windows dataset={dataset} />
      </td>
      <td className={cells.numeric} data-short={short && dataset.state !== 'pending'}>
        {count(dataset.received)} / {countOf(dataset.expected)}
      </td>
      <td className={cells.numeric}>{count(dataset.stored)}</td>
      <td className={cells.numeric}>{count(dataset.requests)}</td>
      <td className={cells.reason}>{coverage(dataset)}</td>
    </tr>
  )
}

function Windows({ dataset }: { dataset: DatasetProgress }) {
  const { windows_done: done, windows_planned: planned } = dataset
  return (
    <span className={classes.windows}>
      <progress
        max={Math.max(1, planned)}
        value={done}
        aria-label={`${datasetLabel(dataset.dataset)}: windows done`}
      />
      <span className="number">
        {count(done)} / {count(planned)}
      </span>
    </span>
  )
}

function Failed({ sync }: { sync: Sync }) {
  return (
    <div className={classes.failed} role="alert">
      <p>
        {textOr(sync.reason, 'The sync ended with an error')}.{' '}
        {sync.next_run_at == null ? '' : `It is tried again at ${instant(sync.next_run_at)}. `}
        What was fetched is kept; Sync now tries again at once.
      </p>
      <RequestId id={sync.run_id} />
    </div>
  )
}

const settled = (sync: Sync): number =>
  sync.datasets.filter(({ state }) => state !== 'pending').length

function coverage(dataset: DatasetProgress): string {
  return dataset.state === 'pending' ? dataset.reason : coverageWords(dataset)
}
