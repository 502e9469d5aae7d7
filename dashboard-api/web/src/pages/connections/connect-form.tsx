// Connect and Reconnect: a plain form, so that the browser itself goes to PagerDuty and comes back here.
import { Button } from '@mantine/core'
import { useLocation } from '@tanstack/react-router'
import { withoutOutcome, writeSearch } from '../../frame/search'

export function ConnectForm(props: { connectionId: string | undefined; primary: boolean }) {
  const returnTo = useLocation({
    select: ({ pathname, search }) => pathname + writeSearch({ ...withoutOutcome(search) }),
  })
  return (
    <form method="post" action="/connect/pagerduty">
      <input type="hidden" name="return_to" value={returnTo} />
      {props.connectionId !== undefined && (
        <input type="hidden" name="connection_id" value={props.connectionId} />
      )}
      <Button type="submit" size="xs" variant={props.primary ? 'filled' : 'default'}>
        {props.connectionId === undefined ? 'Connect' : 'Reconnect'}
      </Button>
    </form>
  )
}
