// Every seat with its verdicts: the server filters, sorts and pages; the page draws what is in view.
import { Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { usersQuery } from '../../api/queries'
import type { UserPage } from '../../api/types'
import { usePeriod } from '../../frame/period'
import { Answered } from '../../parts/answered'
import { EmptyState } from '../../parts/empty-state'
import { count } from '../../words/format'
import { ClearFilters, UserFilters } from './user-filters'
import { UserTable } from './user-table'
import classes from './users.module.css'

const usersRoute = getRouteApi('/frame/users')

export function UsersPage() {
  const window = usePeriod()
  const { class: seatClass, q, license, team, sort } = usersRoute.useSearch()
  const filter = { class: seatClass, q, license, team, sort }
  const query = useInfiniteQuery(usersQuery({ window, ...definedOnly(filter) }))
  const pages = query.data?.pages
  return (
    <Answered
      title="Users"
      subtitle="Seats, their class and the last use of each feature"
      query={{ ...query, data: pages?.[0] }}
      skeleton={<UsersSkeleton />}
    >
      {(first) => (
        <div className={classes.page}>
          <UserFilters filter={filter} total={first.total} shown={shownRows(pages)} />
          {first.total === 0 ? (
            <EmptyState title="No seat matches these filters">
              <p>The filters are part of the address; without them all seats show.</p>
              <ClearFilters />
            </EmptyState>
          ) : (
            <UserTable
              rows={pages?.flatMap((page) => page.data) ?? []}
              answer={first}
              sort={sort}
              more={query}
            />
          )}
        </div>
      )}
    </Answered>
  )
}

const shownRows = (pages: UserPage[] | undefined): string =>
  count(pages?.reduce((sum, page) => sum + page.data.length, 0) ?? 0)

/** The API refuses parameters it does not know, so absent filters must not be sent at all. */
function definedOnly<T extends object>(filter: T) {
  return Object.fromEntries(
    Object.entries(filter).filter(([, value]) => value !== undefined),
  ) as Partial<Record<keyof T, string>>
}

function UsersSkeleton() {
  return (
    <>
      <Skeleton height={34} />
      <Skeleton height={480} />
    </>
  )
}
