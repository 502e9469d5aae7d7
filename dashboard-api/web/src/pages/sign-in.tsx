// The end of a sign-in link: the token is exchanged by a POST, so that a mail scanner that only opens
// the address uses nothing up.
import { Button, Loader } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { signIn } from '../api/client'
import { asProblem } from '../api/problem'
import { MarkIcon } from '../parts/icons'
import { RequestId } from '../parts/notice'
import classes from './sign-in.module.css'

export function SignInPage() {
  useDocumentTitle('Sign in · Quolum for PagerDuty')
  const [token] = useState(() => new URLSearchParams(window.location.search).get('token') ?? '')
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <p className={classes.product}>
          <MarkIcon /> Quolum for PagerDuty
        </p>
        {token === '' ? <HowToGetALink /> : <Exchange token={token} />}
      </div>
    </main>
  )
}

function Exchange({ token }: { token: string }) {
  const cache = useQueryClient()
  const navigate = useNavigate()
  const started = useRef(false)
  const { mutate, error } = useMutation({
    mutationFn: signIn,
    onSuccess: async () => {
      cache.clear()
      await navigate({ to: '/', replace: true })
    },
  })
  useEffect(() => {
    // A token works once; a second run of the effect must not spend it on a refusal.
    if (started.current) return
    started.current = true
    mutate(token)
  }, [mutate, token])

  if (error === null) {
    return (
      <>
        <h1>Signing in</h1>
        <p role="status" className={classes.progress}>
          <Loader size="xs" aria-hidden="true" /> Checking the link…
        </p>
      </>
    )
  }
  return (
    <Refused
      error={error}
      onRetry={() => {
        mutate(token)
      }}
    />
  )
}

function Refused(props: { error: Error; onRetry: () => void }) {
  const problem = asProblem(props.error)
  const refused = problem.status >= 400 && problem.status < 500
  return (
    <div role="alert" className={classes.refused}>
      <h1>{refused ? 'This link does not work any more' : problem.title}</h1>
      <p>
        {refused
          ? 'A sign-in link works once and for a short time. It was used, it is too old, or it was cut when it was copied.'
          : (problem.detail ?? 'The link may still work: try again in a moment.')}
      </p>
      {problem.requestId !== null && <RequestId id={problem.requestId} />}
      {refused ? (
        <LinkInstructions />
      ) : (
        <Button size="xs" variant="default" onClick={props.onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}

function HowToGetALink() {
  return (
    <>
      <h1>Sign in</h1>
      <p>You sign in with a personal link. There is no password to remember, and none of PagerDuty is asked for.</p>
      <LinkInstructions />
    </>
  )
}

function LinkInstructions() {
  return (
    <>
      <h2>How to get a link</h2>
      <p>Ask whoever runs this service. On the machine where it runs, they make one with:</p>
      <pre className={classes.command}>auth-service sign-in-link --email you@example.com</pre>
      <p>Open the link in this browser. It works once.</p>
    </>
  )
}
