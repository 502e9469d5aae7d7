// The refusal of something that was asked for, shown where it was asked.
import { asProblem } from '../api/problem'
import { Notice } from './notice'
import classes from './parts.module.css'

export function ActionProblem({ error, onDismiss }: { error: Error; onDismiss: () => void }) {
  const problem = asProblem(error)
  return (
    <div className={classes.actionProblem}>
      <Notice tone="bad" title={problem.title} requestId={problem.requestId} onDismiss={onDismiss} live="alert">
        {problem.detail !== null && <p>{problem.detail}</p>}
        {problem.errors.map(({ pointer, detail }) => (
          <p key={`${pointer} ${detail}`}>{detail}</p>
        ))}
      </Notice>
    </div>
  )
}
