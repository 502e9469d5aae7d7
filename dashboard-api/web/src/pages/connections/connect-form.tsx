// Connect and Reconnect: a plain form, so that the browser itself goes to PagerDuty and comes back here.
import { Button } from '@mantine/core'
import { useLocation } from '@tanstack/react-router'
import { useEffect } from 'react'
import { withoutOutcome, writeSearch } from '../../frame/search'

interface Props {
  connectionId: string | undefined
  primary: boolean
  onLeave: (leaving: boolean) => void
}

export function ConnectForm({ connectionId, primary, onLeave }: Props) {
  const returnTo = useLocation({
    select: ({ pathname, search }) => pathname + writeSearch({ ...withoutOutcome(search) }),
  })
  useEffect(() => {
    // Back from PagerDuty by the browser's own button: the page is shown as it was left.
    const shown = () => {
      onLeave(false)
    }
    window.addEventListener('pageshow', shown)
    return () => {
      window.removeEventListener('pageshow', shown)
    }
  }, [onLeave])
  return (
    <form
      method="post"
      action="/connect/pagerduty"
      onSubmit={() => {
        onLeave(true)
      }}
    >
      <input type="hidden" name="return_to" value={returnTo} />
      {connectionId !== undefined && <input type="hidden" name="connection_id" value={connectionId} />}
      <Button type="submit" size="xs" variant={primary ? 'filled' : 'default'}>
        {connectionId === undefined ? 'Connect' : 'Reconnect'}
      </Button>
    </form>
  )
}
