// A failure with everything someone needs to act on it: what, why, request id, retry.
import { Button } from '@mantine/core'
import type { ErrorComponentProps } from '@tanstack/react-router'
import { asProblem } from '../api/problem'
import { RequestId } from './notice'
import classes from './parts.module.css'

export function ProblemPanel(props: { error: unknown; onRetry: () => unknown }) {
  const problem = asProblem(props.error)
  return (
    <div className={classes.state} role="alert">
      <h2>{problem.title}</h2>
      {problem.detail !== null && <p>{problem.detail}</p>}
      {problem.errors.length > 0 && (
        <ul className={classes.problemErrors}>
          {problem.errors.map((error) => (
            <li key={`${error.pointer} ${error.detail}`}>
              <code>{error.pointer}</code> {error.detail}
            </li>
          ))}
        </ul>
      )}
      {problem.requestId !== null && <RequestId id={problem.requestId} />}
      <Button size="xs" variant="default" onClick={props.onRetry}>
        Try again
      </Button>
    </div>
  )
}

/** The same for a failure of the frame itself. */
export function FullPageProblem(props: ErrorComponentProps) {
  return (
    <main className={classes.fullPage}>
      <h1 className="visually-hidden">Quolum for PagerDuty</h1>
      <ProblemPanel
        error={props.error}
        onRetry={() => {
          window.location.reload()
        }}
      />
    </main>
  )
}
