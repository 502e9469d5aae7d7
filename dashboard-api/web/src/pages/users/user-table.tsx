// The rows in view out of thousands, with the head and the names kept in place.
import { useQuery } from '@tanstack/react-query'
import { useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { pricesQuery } from '../../api/money'
import { featuresQuery } from '../../api/queries'
import type { Answer, UserRow } from '../../api/types'
import { usePeriod } from '../../frame/reading'
import { Check } from '../../parts/check'
import { ProblemPanel } from '../../parts/problem-panel'
import { features, notesOf, tableWidth, userColumns } from './user-columns'
import { UserTableHead } from './user-table-head'
import classes from './users.module.css'

const ROW_HEIGHT = 44
const OVERSCAN = 3
/** The next page is asked for when this many rows are left below. */
const AHEAD = 20

interface Props {
  rows: UserRow[]
  answer: Answer & { total: number }
  sort: string | undefined
  columns: readonly string[]
  chosen: ReadonlySet<string>
  /** Null for those who may not change anything. */
  onChoose: ((chosen: ReadonlySet<string>) => void) | null
  more: {
    hasNextPage: boolean
    isFetchingNextPage: boolean
    isFetchNextPageError: boolean
    error: Error | null
    fetchNextPage: () => unknown
  }
}

function useUserTable({ rows, answer, columns: chosenColumns }: Props) {
  const { data: list } = useQuery(featuresQuery({ window: usePeriod() }))
  const { data: prices } = useQuery(pricesQuery)
  const catalogue = list?.data
  const currency = prices?.currency
  const ids = useMemo(() => ['name', ...chosenColumns], [chosenColumns])
  const columns = useMemo(
    () =>
      userColumns(ids, { asOf: answer.as_of, windowDays: answer.window_days, catalogue, currency }),
    [ids, answer.as_of, answer.window_days, catalogue, currency],
  )
  const table = useTable({ features, columns, data: rows, getRowId: (user) => user.id })
  return { table, ids, catalogue }
}

export function UserTable(props: Props) {
  const { rows, answer, sort, more } = props
  const { table, ids, catalogue } = useUserTable(props)
  const scroller = useRef<HTMLDivElement>(null)
  const all = table.getRowModel().rows
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler runs here; its values stay in this component
  const virtual = useVirtualizer({
    count: all.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  })
  const items = virtual.getVirtualItems()
  const before = items[0]?.start ?? 0
  const last = items[items.length - 1]
  const after = virtual.getTotalSize() - (last?.end ?? 0)
  useMore((last?.index ?? 0) + AHEAD >= all.length, more)

  return (
    <>
      <div ref={scroller} className={classes.scroller} role="region" aria-label="Seats" tabIndex={0}>
        <table className={classes.table} style={{ width: tableWidth(ids, catalogue) }} aria-rowcount={answer.total + 1}>
          <UserTableHead ids={ids} catalogue={catalogue} sort={sort} tick={<TickAll {...props} rows={rows} />} />
          <tbody>
            {before > 0 && <Spacer height={before} columns={ids.length} />}
            {items.map(({ index }) => {
              const row = all[index]
              return (
                row && (
                  <tr key={row.id} aria-rowindex={index + 2} data-chosen={props.chosen.has(row.id)}>
                    {row.getAllCells().map((cell) => (
                      <td key={cell.id} data-numeric={notesOf(cell.column.id, catalogue).numeric}>
                        {cell.column.id === 'name' && <Tick user={row.original} {...props} />}
                        <table.FlexRender cell={cell} />
                      </td>
                    ))}
                  </tr>
                )
              )
            })}
            {after > 0 && <Spacer height={after} columns={ids.length} />}
          </tbody>
        </table>
      </div>
      {more.isFetchNextPageError && <ProblemPanel error={more.error} onRetry={more.fetchNextPage} />}
    </>
  )
}

type Choice = Pick<Props, 'chosen' | 'onChoose'>

function TickAll({ rows, chosen, onChoose }: Choice & { rows: UserRow[] }) {
  if (onChoose === null) return null
  const all = rows.length > 0 && rows.every(({ id }) => chosen.has(id))
  return (
    <span className={classes.tick}>
      <Check
        hidden
        checked={all}
        partial={!all && chosen.size > 0}
        onChange={(on) => {
          onChoose(new Set(on ? rows.map(({ id }) => id) : []))
        }}
      >
        Choose all loaded rows
      </Check>
    </span>
  )
}

function Tick({ user, chosen, onChoose }: Choice & { user: UserRow }) {
  if (onChoose === null) return null
  return (
    <input
      type="checkbox"
      className={classes.tick}
      aria-label={`Choose ${user.name}`}
      checked={chosen.has(user.id)}
      onChange={(event) => {
        const next = new Set(chosen)
        if (event.currentTarget.checked) next.add(user.id)
        else next.delete(user.id)
        onChoose(next)
      }}
    />
  )
}

function useMore(near: boolean, more: Props['more']): void {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = more
  useEffect(() => {
    if (near && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) fetchNextPage()
  }, [near, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage])
}

/** Stands for the rows outside the view, so that the scroll bar tells the truth. */
function Spacer({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden="true" className={classes.spacer}>
      <td colSpan={columns} style={{ height }} />
    </tr>
  )
}
