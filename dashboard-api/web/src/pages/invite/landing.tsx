// What an invited PagerDuty administrator sees: who asks, for what, and the way to PagerDuty. Opening
// the page uses nothing up; only the button does.
import { Button, Loader } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { lookUpInvitation, type InvitationView } from '../../api/invitations'
import { ApiProblem, asProblem } from '../../api/problem'
import { Door } from '../../parts/door'
import classes from '../../parts/door.module.css'
import { RequestId } from '../../parts/notice'
import { ProblemPanel } from '../../parts/problem-panel'
import { datasetLabel, datasetReads, READ_DATASETS } from '../../words/datasets'
import { instant } from '../../words/format'

export function InviteLandingPage() {
  useDocumentTitle('Invitation · Quolum for PagerDuty')
  const [token] = useState(() => new URLSearchParams(window.location.search).get('token') ?? '')
  const { data, error, refetch } = useQuery({
    queryKey: ['invitation', token],
    queryFn: () => lookUpInvitation(token),
    enabled: token !== '',
    staleTime: Infinity,
  })
  return (
    <Door>
      {data !== undefined ? (
        <Invited view={data} token={token} />
      ) : token === '' || isGone(error) ? (
        <NotValid error={error} />
      ) : error !== null ? (
        <ProblemPanel error={error} onRetry={() => void refetch()} />
      ) : (
        <p role="status" className={classes.progress}>
          <Loader size="xs" aria-hidden="true" /> Looking up the invitation…
        </p>
      )}
    </Door>
  )
}

const isGone = (error: Error | null): boolean =>
  error instanceof ApiProblem && error.status >= 400 && error.status < 500

/** One page for unknown, used, revoked and expired, so that it tells a stranger nothing. */
function NotValid({ error }: { error: Error | null }) {
  const requestId = error === null ? null : asProblem(error).requestId
  return (
    <div role="alert" className={classes.refused}>
      <h1>This invitation does not work any more</h1>
      <p>
        It was used, revoked, is too old, or the link was cut when it was copied. Ask the person who sent
        it for a new one.
      </p>
      {requestId !== null && <RequestId id={requestId} />}
    </div>
  )
}

function Invited({ view, token }: { view: InvitationView; token: string }) {
  return (
    <>
      <h1>{view.organization_name} asks to read your PagerDuty account</h1>
      <p>
        {view.invited_by_name} invites you to connect it, so that {view.organization_name} can see which
        seats and features are used.
      </p>
      {view.note !== '' && <blockquote className={classes.quote}>{view.note}</blockquote>}
      <h2>What happens</h2>
      <ol className={classes.steps}>
        <li>You sign in at PagerDuty, the way your company demands it.</li>
        <li>PagerDuty asks whether reading is allowed. Nothing is ever written.</li>
        <li>You are done. You need no account here, and no password is shared.</li>
      </ol>
      <details className={classes.details}>
        <summary>Exactly what will be read</summary>
        <ul>
          {READ_DATASETS.map((name) => (
            <li key={name}>
              <strong>{datasetLabel(name)}:</strong> {datasetReads(name)}
            </li>
          ))}
        </ul>
        <p>Never stored: phone numbers, message texts, incident titles and bodies.</p>
        <p>
          Access asked for: <code>{view.scopes.join(' ')}</code>
        </p>
      </details>
      <form method="post" action="/invite/accept">
        <input type="hidden" name="token" value={token} />
        <Button type="submit" fullWidth>
          Continue to PagerDuty
        </Button>
      </form>
      <p className={classes.progress}>The invitation works once, until {instant(view.expires_at)}.</p>
    </>
  )
}
