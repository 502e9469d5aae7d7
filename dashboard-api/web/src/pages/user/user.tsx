// One seat: its class, what it used and when, what depends on it, and the records behind each verdict.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ApiProblem } from '../../api/problem'
import { featuresQuery, userQuery } from '../../api/queries'
import type { Feature, UserDetail } from '../../api/types'
import { useMoment } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { EmptyState } from '../../parts/empty-state'
import { PageHeader } from '../../parts/page-header'
import parts from '../../parts/parts.module.css'
import { DependsOn } from './depends-on'
import { EvidenceList } from './evidence-list'
import { ExemptionNotice } from './exemption'
import { ClassHistory } from './history'
import { Suggestions } from './suggestions'
import { UserFacts } from './user-facts'
import { VerdictTable } from './verdict-table'
import { WeekStrip } from './week-strip'

const userRoute = getRouteApi('/frame/users/$userId')

export function UserPage() {
  const { userId } = userRoute.useParams()
  const moment = useMoment()
  const user = useQuery(userQuery(userId, moment))
  const catalogue = useQuery(featuresQuery(moment))
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
      <ExemptionNotice user={user} />
      <UserFacts user={user} catalogue={catalogue} />
      <div className={parts.columns}>
        <Suggestions user={user} />
        <DependsOn user={user} />
      </div>
      <WeekStrip weeks={user.weeks} />
      <ClassHistory history={user.history} />
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
          <code>{id}</code> is not a seat of this account as of these figures.{' '}
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
