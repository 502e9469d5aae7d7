// How far the figures can be trusted: state and coverage of each dataset, receipts, data age.
import type { DatasetState, Overview } from '../../api/types'
import { DatasetMark } from '../../parts/dataset-mark'
import { Panel } from '../../parts/panel'
import { Stat } from '../../parts/stat'
import { useNow } from '../../parts/use-now'
import { datasetLabel, gapReason } from '../../words/datasets'
import { count, countOf, date, instant, relative } from '../../words/format'
import classes from './overview.module.css'

export function DataQuality({ overview }: { overview: Overview }) {
  const now = useNow()
  const { receipts } = overview
  return (
    <Panel title="Data quality" flush>
      <div className={classes.receipts}>
        <Stat label="Data age" of="age" value={relative(overview.as_of, now)} note={instant(overview.as_of)} />
        <Stat label="Windows" of="windows" value={count(receipts.windows)} note="fetched and counted" />
        <Stat label="Expected" of="expected" value={countOf(receipts.expected)} note={expectedNote(receipts)} />
        <Stat label="Received" of="received" value={count(receipts.received)} note="records" />
        <Stat label="Stored" of="stored" value={count(receipts.stored)} note="distinct records" />
      </div>
      <ul className={classes.datasets}>
        {overview.datasets.map((dataset) => (
          <li key={dataset.dataset}>
            <span>{datasetLabel(dataset.dataset)}</span>
            <DatasetMark state={dataset.state} />
            <span className={classes.datasetNote}>{coverage(dataset)}</span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function expectedNote({ expected, received }: Overview['receipts']): string {
  if (expected == null) return 'not announced'
  return received < expected ? `${count(expected - received)} did not arrive` : 'announced by PagerDuty'
}

function coverage(dataset: DatasetState): string {
  const reason = gapReason(dataset)
  if (reason !== '') return reason
  if (dataset.covered_from == null || dataset.covered_to == null) return 'whole snapshot'
  return `${date(dataset.covered_from)} – ${date(dataset.covered_to)}`
}
