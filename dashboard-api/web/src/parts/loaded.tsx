// The states of a list that has no as-of: loading, failed, there.
import { Skeleton } from '@mantine/core'
import type { ReactNode } from 'react'
import { isFirstRun } from '../api/problem'
import { EmptyState } from './empty-state'
import { ProblemPanel } from './problem-panel'

interface Props<T> {
  query: { data: T | undefined; error: Error | null; refetch: () => unknown }
  label: string
  height?: number
  children: (data: T) => ReactNode
}

export function Loaded<T>({ query, label, height = 220, children }: Props<T>) {
  if (query.data !== undefined) return children(query.data)
  if (query.error !== null) {
    if (isFirstRun(query.error)) return <NotYet />
    return <ProblemPanel error={query.error} onRetry={query.refetch} />
  }
  return (
    <div role="status" aria-busy="true" aria-label={`Loading ${label}`}>
      <Skeleton height={height} />
    </div>
  )
}

function NotYet() {
  return (
    <EmptyState title="No figures yet">
      <p>They appear by themselves when the first sync has ended.</p>
    </EmptyState>
  )
}
