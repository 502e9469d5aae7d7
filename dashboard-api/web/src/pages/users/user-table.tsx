// The rows in view out of thousands, with the head and the names kept in place.
import { useQuery } from '@tanstack/react-query'
import { useTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import { featuresQuery } from '../../api/queries'
import type { Answer, UserRow } from '../../api/types'
import { usePeriod } from '../../frame/period'
import { ProblemPanel } from '../../parts/problem-panel'
import { features, NOTES, TABLE_WIDTH, userColumns } from './user-columns'
import { UserTableHead } from './user-table-head'
import classes from './users.module.css'

const ROW_HEIGHT = 44
const OVERSCAN = 4
/** The next page is asked for when this many rows are left below. */
const AHEAD = 20

interface Props {
  rows: UserRow[]
  answer: Answer & { total: number }
  sort: string | undefined
  more: {
    hasNextPage: boolean
    isFetchingNextPage: boolean
    isFetchNextPageError: boolean
    error: Error | null
    fetchNextPage: () => unknown
  }
}

export function UserTable({ rows, answer, sort, more }: Props) {
  const { data: catalogue } = useQuery(featuresQuery(usePeriod()))
  const scroller = useRef<HTMLDivElement>(null)
  const columns = useMemo(
    () =>
      userColumns({ asOf: answer.as_of, windowDays: answer.window_days, catalogue: catalogue?.data }),
    [answer.as_of, answer.window_days, catalogue],
  )
  const table = useTable({ features, columns, data: rows, getRowId: (user) => user.id })
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
        <table className={classes.table} style={{ width: TABLE_WIDTH }} aria-rowcount={answer.total + 1}>
          <UserTableHead sort={sort} />
          <tbody>
            {before > 0 && <Spacer height={before} />}
            {items.map(({ index }) => {
              const row = all[index]
              return (
                row && (
                  <tr key={row.id} aria-rowindex={index + 2}>
                    {row.getAllCells().map((cell) => (
                      <td key={cell.id} data-numeric={NOTES[cell.column.id]?.numeric}>
                        <table.FlexRender cell={cell} />
                      </td>
                    ))}
                  </tr>
                )
              )
            })}
            {after > 0 && <Spacer height={after} />}
          </tbody>
        </table>
      </div>
      {more.isFetchNextPageError && <ProblemPanel error={more.error} onRetry={more.fetchNextPage} />}
    </>
  )
}

function useMore(near: boolean, more: Props['more']): void {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = more
  useEffect(() => {
    if (near && hasNextPage && !isFetchingNextPage && !isFetchNextPageError) fetchNextPage()
  }, [near, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage])
}

/** Stands for the rows outside the view, so that the scroll bar tells the truth. */
function Spacer({ height }: { height: number }) {
  return (
    <tr aria-hidden="true" className={classes.spacer}>
      <td colSpan={Object.keys(NOTES).length} style={{ height }} />
    </tr>
  )
}
