// The end of a sign-in link: the token is exchanged by a POST, so that a mail scanner that only opens
// the address uses nothing up.
import { Button, Loader } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { signIn } from '../../api/client'
import { asProblem } from '../../api/problem'
import classes from '../../parts/door.module.css'
import { RequestId } from '../../parts/notice'
import { LinkInstructions } from './instructions'

export function Exchange({ token }: { token: string }) {
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
        <>
          <p>
            <a href="/sign-in">Ask for a new link</a>
          </p>
          <LinkInstructions />
        </>
      ) : (
        <Button size="xs" variant="default" onClick={props.onRetry}>
          Try again
        </Button>
      )}
    </div>
  )
}
