// The way in: a personal link by mail, the organization's own sign-in, or a link from the operator.
import { Button, TextInput } from '@mantine/core'
import { useDocumentTitle } from '@mantine/hooks'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { askForLink, signInMethodsQuery } from '../../api/people'
import { ActionProblem } from '../../parts/action-problem'
import { Door } from '../../parts/door'
import classes from '../../parts/door.module.css'
import { Notice, RequestId } from '../../parts/notice'
import { signInRefusal } from '../../words/sign-in'
import { Exchange } from './exchange'
import { LinkInstructions } from './instructions'

export function SignInPage() {
  useDocumentTitle('Sign in · Quolum for PagerDuty')
  const [asked] = useState(() => new URLSearchParams(window.location.search))
  const token = asked.get('token') ?? ''
  return (
    <Door>
      {token === '' ? (
        <Methods refusal={asked.get('error')} requestId={asked.get('request_id')} returnTo={returnTo(asked)} />
      ) : (
        <Exchange token={token} />
      )}
    </Door>
  )
}

/** Only a path of our own; the server checks it again. */
function returnTo(asked: URLSearchParams): string {
  const path = asked.get('return_to') ?? '/'
  return path.startsWith('/') && !path.startsWith('//') ? path : '/'
}

function Methods(props: { refusal: string | null; requestId: string | null; returnTo: string }) {
  const { data: methods, isPending } = useQuery(signInMethodsQuery)
  return (
    <>
      <h1>Sign in</h1>
      {props.refusal !== null && <Refusal name={props.refusal} requestId={props.requestId} />}
      {methods?.oidc_name != null && (
        <form method="post" action="/sign-in/oidc">
          <input type="hidden" name="return_to" value={props.returnTo} />
          <Button type="submit" fullWidth>
            Continue with {methods.oidc_name}
          </Button>
        </form>
      )}
      {methods?.email === true && <MailLink />}
      <p className={classes.progress}>No password to remember, and none of PagerDuty is asked for.</p>
      {!isPending && methods?.email !== true && methods?.oidc_name == null && <LinkInstructions />}
    </>
  )
}

function Refusal({ name, requestId }: { name: string; requestId: string | null }) {
  const words = signInRefusal(name)
  return (
    <Notice tone="bad" title={words.title} live="alert">
      <p>{words.explanation}</p>
      <p>
        <strong>Next:</strong> {words.next}
      </p>
      {requestId !== null && <RequestId id={requestId} />}
    </Notice>
  )
}

function MailLink() {
  const [email, setEmail] = useState('')
  const ask = useMutation({ mutationFn: askForLink })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    ask.mutate(email.trim())
  }
  if (ask.isSuccess) {
    return (
      <Notice tone="good" title="Look into your mail" live="status">
        <p>
          If {email.trim()} is a member here, a link is on its way. It works once, for a short time, in
          any browser.
        </p>
      </Notice>
    )
  }
  return (
    <form className={classes.form} onSubmit={submit}>
      <TextInput
        type="email"
        required
        label="E-mail"
        autoComplete="email"
        value={email}
        onChange={(event) => {
          setEmail(event.currentTarget.value)
        }}
      />
      {ask.error && <ActionProblem error={ask.error} onDismiss={ask.reset} />}
      <Button type="submit" variant="default" fullWidth loading={ask.isPending}>
        Mail me a sign-in link
      </Button>
    </form>
  )
}
