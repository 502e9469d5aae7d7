// Where an invited administrator arrives after PagerDuty: done, or what went wrong.
import { useDocumentTitle } from '@mantine/hooks'
import { useState } from 'react'
import { Door } from '../../parts/door'
import classes from '../../parts/door.module.css'
import { RequestId } from '../../parts/notice'
import { consentWords } from '../../words/consent'

export function InviteDonePage() {
  useDocumentTitle('Invitation · Quolum for PagerDuty')
  const [asked] = useState(() => new URLSearchParams(window.location.search))
  const outcome = asked.get('consent') ?? 'unknown'
  const requestId = asked.get('request_id')
  if (outcome === 'connected') {
    return (
      <Door>
        <h1>Done. Thank you.</h1>
        <p>
          PagerDuty is connected and the first sync has started. Whoever invited you sees it at once. You
          can close this page.
        </p>
        <p className={classes.progress}>
          You can take the access back at any time, at PagerDuty or by asking them to disconnect.
        </p>
      </Door>
    )
  }
  const words = consentWords(outcome)
  return (
    <Door>
      <div role="alert" className={classes.refused}>
        <h1>{words.title}</h1>
        <p>{words.explanation}</p>
        <p>
          <strong>Next:</strong> open the link of the invitation again and retry, or ask for a new
          invitation.
        </p>
        {requestId !== null && <RequestId id={requestId} />}
      </div>
    </Door>
  )
}
