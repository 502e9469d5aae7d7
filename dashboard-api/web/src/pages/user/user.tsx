// One seat: its class, what it used and when, and the records behind each verdict.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../api/problem'
import { featuresQuery, userQuery } from '../../api/queries'
import type { Feature, UserDetail } from '../../api/types'
import { usePeriod } from '../../frame/period'
import { Answered } from '../../parts/answered'
import { EmptyState } from '../../parts/empty-state'
import { PageHeader } from '../../parts/page-header'
import { EvidenceList } from './evidence-list'
import { UserFacts } from './user-facts'
import { VerdictTable } from './verdict-table'
import { WeekStrip } from './week-strip'

const userRoute = getRouteApi('/frame/users/$userId')

export function UserPage() {
  const { userId } = userRoute.useParams()
  const period = usePeriod()
  const user = useQuery(userQuery(userId, period))
  const catalogue = useQuery(featuresQuery(period))
  if (isGone(user.error)) return <UserGone id={userId} />
  const answer = catalogue.data && user.data
  return (
    <Answered
      title={user.data?.name ?? 'User'}
      subtitle={user.data?.email ?? ''}
      query={{ ...user, data: answer, error: user.error ?? catalogue.error }}
      skeleton={<UserSkeleton />}
    >
      {(seat) => <UserContent user={seat} catalogue={catalogue.data?.data ?? []} />}
    </Answered>
  )
}

function UserContent({ user, catalogue }: { user: UserDetail; catalogue: Feature[] }) {
  const [feature, setFeature] = useState<string | null>(null)
  return (
    <>
      <UserFacts user={user} catalogue={catalogue} />
      <WeekStrip weeks={user.weeks} />
      <VerdictTable user={user} catalogue={catalogue} chosen={feature} onChoose={setFeature} />
      <EvidenceList user={user} catalogue={catalogue} feature={feature} onFeature={setFeature} />
    </>
  )
}

function isGone(error: Error | null): boolean {
  return error instanceof ApiProblem && error.status === 404 && !error.is('no-generation')
}

function UserGone({ id }: { id: string }) {
  return (
    <>
      <PageHeader title="User" />
      <EmptyState title="There is no such user">
        <p>
          <code>{id}</code> is not a seat of this account as of the latest figures.{' '}
          <Link to="/users">All users</Link>
        </p>
      </EmptyState>
    </>
  )
}

function UserSkeleton() {
  return (
    <>
      <Skeleton height={120} />
      <Skeleton height={120} />
      <Skeleton height={420} />
    </>
  )
}
