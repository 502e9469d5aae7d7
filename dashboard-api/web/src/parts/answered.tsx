// The states every page with figures has: loading, first run, failed, stale or partial, answered.
import type { ReactNode } from 'react'
import { isFirstRun } from '../api/problem'
import type { Answer } from '../api/types'
import { FirstRun } from '../frame/first-run'
import { FreshnessBanner } from '../frame/freshness-banner'
import { AsOfScope } from './as-of'
import { PageHeader } from './page-header'
import { ProblemPanel } from './problem-panel'
import classes from './parts.module.css'

interface Props<T> {
  title: string
  subtitle: string
  query: {
    data: T | undefined
    error: Error | null
    isPlaceholderData: boolean
    refetch: () => unknown
  }
  skeleton: ReactNode
  aside?: ReactNode
  children: (answer: T) => ReactNode
}

export function Answered<T extends Answer>(props: Props<T>) {
  const { data, error, isPlaceholderData, refetch } = props.query
  const failed = error !== null && (data === undefined || isPlaceholderData)
  return (
    <>
      <PageHeader title={props.title} subtitle={props.subtitle} answer={failed ? undefined : data}>
        {!failed && props.aside}
      </PageHeader>
      {failed ? (
        <Failure error={error} onRetry={refetch} />
      ) : data === undefined ? (
        <div className={classes.loading} aria-busy="true" aria-label={`Loading ${props.title}`} role="status">
          {props.skeleton}
        </div>
      ) : (
        <AsOfScope asOf={data.as_of}>
          <FreshnessBanner asOf={data.as_of} />
          <div className={classes.answer} data-outdated={isPlaceholderData} aria-busy={isPlaceholderData}>
            {props.children(data)}
          </div>
        </AsOfScope>
      )}
    </>
  )
}

function Failure(props: { error: Error; onRetry: () => unknown }) {
  if (isFirstRun(props.error)) return <FirstRun />
  return <ProblemPanel error={props.error} onRetry={props.onRetry} />
}
