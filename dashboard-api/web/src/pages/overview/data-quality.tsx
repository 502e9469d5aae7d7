// How far the figures can be trusted: state and coverage of each dataset, receipts, data age.
import { Link } from '@tanstack/react-router'
import type { Overview } from '../../api/types'
import { DatasetMark } from '../../parts/dataset-mark'
import { Panel } from '../../parts/panel'
import { Stat } from '../../parts/stat'
import { useNow } from '../../parts/use-now'
import { coverageWords, datasetLabel } from '../../words/datasets'
import { count, countOf, instant, relative } from '../../words/format'
import classes from './overview.module.css'

const RECEIPTS = { to: '/sync', search: { tab: 'receipts' } } as const

export function DataQuality({ overview }: { overview: Overview }) {
  const now = useNow()
  const { receipts } = overview
  return (
    <Panel title="Data quality" aside={<Link to="/sync">Datasets and receipts</Link>} flush>
      <div className={classes.receipts}>
        <Stat label="Data age" of="age" value={relative(overview.as_of, now)} note={instant(overview.as_of)} to={{ to: '/sync' }} />
        <Stat label="Windows" of="windows" value={count(receipts.windows)} note="fetched and counted" to={RECEIPTS} />
        <Stat label="Expected" of="expected" value={countOf(receipts.expected)} note={expectedNote(receipts)} to={RECEIPTS} />
        <Stat label="Received" of="received" value={count(receipts.received)} note="records" to={RECEIPTS} />
        <Stat label="Stored" of="stored" value={count(receipts.stored)} note="distinct records" to={RECEIPTS} />
      </div>
      <ul className={classes.datasets}>
        {overview.datasets.map((dataset) => (
          <li key={dataset.dataset}>
            <span>{datasetLabel(dataset.dataset)}</span>
            <DatasetMark state={dataset.state} />
            <span className={classes.datasetNote}>{coverageWords(dataset)}</span>
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
