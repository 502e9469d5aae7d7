// Every seat with its verdicts: the server filters, sorts and pages; the page draws what is in view.
import { Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { usersQuery } from '../../api/queries'
import type { UserPage } from '../../api/types'
import { useReading, type Reading } from '../../frame/reading'
import type { UsersSearch } from '../../frame/search'
import { useMay } from '../../frame/role'
import { Answered } from '../../parts/answered'
import { EmptyState } from '../../parts/empty-state'
import { count } from '../../words/format'
import { BulkBar } from './bulk-bar'
import { featureFilter } from './feature-filter'
import { useColumnChoice } from './column-picker'
import { ClearFilters, UserFilters } from './user-filters'
import { UserTable } from './user-table'
import classes from './users.module.css'

const usersRoute = getRouteApi('/frame/users')

export function UsersPage() {
  const search = usersRoute.useSearch()
  const filter = serverFilter(useReading(), search)
  const query = useInfiniteQuery(usersQuery(filter))
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
          <UserFilters search={search} filter={filter} total={first.total} shown={shownRows(pages)} />
          {first.total === 0 ? (
            <EmptyState title="No seat matches these filters">
              <p>The filters are part of the address; without them all seats show.</p>
              <ClearFilters />
            </EmptyState>
          ) : (
            <Seats pages={pages ?? []} first={first} sort={search.sort} more={query} />
          )}
        </div>
      )}
    </Answered>
  )
}

interface SeatsProps {
  pages: UserPage[]
  first: UserPage
  sort: string | undefined
  more: React.ComponentProps<typeof UserTable>['more']
}

function Seats({ pages, first, sort, more }: SeatsProps) {
  const mayChoose = useMay('analyst')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const [columns] = useColumnChoice()
  const rows = pages.flatMap((page) => page.data)
  const picked = rows.filter(({ id }) => chosen.has(id))
  return (
    <>
      {picked.length > 0 && (
        <BulkBar
          users={picked}
          onDone={() => {
            setChosen(new Set())
          }}
        />
      )}
      <UserTable
        rows={rows}
        answer={first}
        sort={sort}
        more={more}
        columns={columns}
        chosen={chosen}
        onChoose={mayChoose ? setChosen : null}
      />
    </>
  )
}

const shownRows = (pages: UserPage[] | undefined): string =>
  count(pages?.reduce((sum, page) => sum + page.data.length, 0) ?? 0)

/** The page's filters as the server names them; what is absent is not sent, as it refuses the unknown. */
function serverFilter(reading: Reading, search: UsersSearch) {
  const { feature, verdict, ...plain } = search
  return { ...reading, ...plain, ...(feature === undefined ? {} : featureFilter(feature, verdict)) }
}

function UsersSkeleton() {
  return (
    <>
      <Skeleton height={34} />
      <Skeleton height={480} />
    </>
  )
}
