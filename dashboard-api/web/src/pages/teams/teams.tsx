// Seats, cost and use by team; a person in two teams counts in both, the last row counts people once.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { teamsQuery } from '../../api/teams'
import { useReading } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { EmptyState } from '../../parts/empty-state'
import { TeamTable } from './team-table'

export function TeamsPage() {
  const query = useQuery(teamsQuery(useReading()))
  return (
    <Answered
      title="Teams"
      subtitle="Members, seats, cost and what each team uses"
      query={query}
      skeleton={<Skeleton height={480} />}
    >
      {(table) =>
        table.data.length === 0 ? (
          <EmptyState title="No team to show">
            <p>The account has no team, or the filters leave none.</p>
          </EmptyState>
        ) : (
          <TeamTable table={table} />
        )
      }
    </Answered>
  )
}
