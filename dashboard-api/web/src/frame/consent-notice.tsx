// What happened at PagerDuty, told once on the page where the consent was started.
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { Notice } from '../parts/notice'
import { consentWords } from '../words/consent'
import { withoutOutcome } from './search'

const frameRoute = getRouteApi('/frame')

export function ConsentNotice() {
  const { consent, request_id: requestId } = frameRoute.useSearch()
  const navigate = useNavigate()
  if (consent === undefined) return null
  const words = consentWords(consent)
  const dismiss = () => {
    void navigate({ to: '.', search: withoutOutcome, replace: true })
  }
  return (
    <Notice
      tone={words.tone}
      title={words.title}
      onDismiss={dismiss}
      requestId={requestId ?? null}
      live={words.tone === 'good' ? 'status' : 'alert'}
    >
      <p>{words.explanation}</p>
      <p>
        <strong>Next:</strong> {words.next}
      </p>
    </Notice>
  )
}
