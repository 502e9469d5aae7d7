// The catalog: which source is connected, by whom, what it may read, and how its sync is going.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { connectionsQuery } from '../../api/queries'
import type { Connection } from '../../api/types'
import { PageHeader } from '../../parts/page-header'
import { ProblemPanel } from '../../parts/problem-panel'
import { CatalogCard } from './catalog-card'
import classes from './connections.module.css'
import { Invitations } from './invitations'

export function ConnectionsPage() {
  const { data, error, refetch } = useQuery(connectionsQuery)
  return (
    <>
      <PageHeader title="Connections" subtitle="Sources this organization reads, with whose consent" />
      {data !== undefined ? (
        <Cards connections={data} />
      ) : error !== null ? (
        <ProblemPanel error={error} onRetry={() => void refetch()} />
      ) : (
        <div role="status" aria-busy="true" aria-label="Loading connections" className={classes.cards}>
          <Skeleton height={180} />
          <Skeleton height={320} />
        </div>
      )}
      <Invitations />
    </>
  )
}

function Cards({ connections }: { connections: Connection[] }) {
  if (connections.length === 0) return <CatalogCard connection={undefined} />
  return (
    <div className={classes.cards}>
      {connections.map((connection) => (
        <CatalogCard key={connection.id} connection={connection} />
      ))}
    </div>
  )
}
