// One receipt per fetched window: what was announced, what came, what is kept.
import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { datasetsQuery, receiptsQuery, type Receipt } from '../../api/sources'
import { Downloads } from '../../parts/downloads'
import { EmptyState } from '../../parts/empty-state'
import { Hint } from '../../parts/hint'
import { Loaded } from '../../parts/loaded'
import { MoreButton } from '../../parts/more-button'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { datasetLabel } from '../../words/datasets'
import { count, countOf, instant } from '../../words/format'

const route = getRouteApi('/frame/sync')

export function Receipts() {
  const { dataset } = route.useSearch()
  const navigate = useNavigate()
  const query = useInfiniteQuery(receiptsQuery(dataset))
  const { data: datasets } = useQuery(datasetsQuery)
  const names = [...new Set(datasets?.data.map((row) => row.dataset))]
  return (
    <>
      <div className={parts.toolbar}>
        <NativeSelect
          size="xs"
          aria-label="Dataset"
          value={dataset ?? ''}
          onChange={(event) => {
            const chosen = event.currentTarget.value
            void navigate({
              to: '/sync',
              search: (search) => ({ ...search, dataset: chosen === '' ? undefined : chosen }),
              replace: true,
            })
          }}
          data={[
            { value: '', label: 'All datasets' },
            ...names.map((name) => ({ value: name, label: datasetLabel(name) })),
          ]}
        />
        <span className={parts.toolbarEnd}>
          <Downloads path="/receipts" query={{ dataset }} label="receipts" />
        </span>
      </div>
      <Loaded query={query} label="receipts" height={480}>
        {({ pages }) => <ReceiptTable receipts={pages.flatMap(({ data }) => data)} />}
      </Loaded>
      <MoreButton query={query} />
    </>
  )
}

function ReceiptTable({ receipts }: { receipts: Receipt[] }) {
  if (receipts.length === 0) {
    return (
      <EmptyState title="No receipt">
        <p>Nothing of this dataset has been fetched yet.</p>
      </EmptyState>
    )
  }
  return (
    <Panel title="Newest first" flush>
      <Table label="Receipts">
        <thead>
          <tr>
            <th scope="col">Dataset</th>
            <th scope="col">Window</th>
            <th scope="col" className={cells.numeric}>
              <Hint of="expected">Expected</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="received">Received</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="stored">Stored</Hint>
            </th>
            <th scope="col">At</th>
          </tr>
        </thead>
        <tbody>
          {receipts.map((receipt) => (
            <tr key={`${receipt.run_id} ${receipt.dataset} ${receipt.window_from ?? ''}`}>
              <th scope="row" className={cells.nowrap}>
                {datasetLabel(receipt.dataset)}
              </th>
              <td className={cells.nowrap}>{windowOf(receipt)}</td>
              <td className={cells.numeric}>{countOf(receipt.expected)}</td>
              <td
                className={cells.numeric}
                data-short={receipt.expected !== null && receipt.received < receipt.expected}
              >
                {count(receipt.received)}
              </td>
              <td className={cells.numeric}>{count(receipt.stored)}</td>
              <td className={cells.nowrap}>{instant(receipt.observed_at)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}

const windowOf = ({ window_from: from, window_to: to }: Receipt): string =>
  from === null || to === null ? 'snapshot' : `${instant(from)} – ${instant(to)}`
