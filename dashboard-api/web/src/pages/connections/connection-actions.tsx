// What an administrator orders a connection to do, each refusal shown where it was asked for.
import { Button } from '@mantine/core'
import { connectionsQuery } from '../../api/queries'
import { order, type RunOrder } from '../../api/sources'
import type { Connection } from '../../api/types'
import { useMay } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { useAction } from '../../parts/use-action'
import { Disconnect } from './disconnect'

interface Offer {
  what: RunOrder
  label: string
}

/** What can be ordered now: a running sync can be paused or cancelled, a paused one resumed. */
export function offers({ state, sync }: Connection): Offer[] {
  if (state !== 'connected') return []
  const probe: Offer = { what: 'probe', label: 'Check access' }
  switch (sync?.state) {
    case 'running':
    case 'queued':
      return [{ what: 'pause', label: 'Pause' }, { what: 'cancel', label: 'Cancel sync' }, probe]
    case 'paused':
      return [{ what: 'resume', label: 'Resume' }, { what: 'cancel', label: 'Cancel sync' }, probe]
    default:
      return [{ what: 'syncs', label: 'Sync now' }, probe]
  }
}

export function ConnectionActions({ connection }: { connection: Connection }) {
  const action = useAction((what: RunOrder) => order(connection.id, what), {
    refresh: [connectionsQuery.queryKey],
  })
  const mayStart = useMay('analyst')
  const mayOrder = useMay('admin')
  if (connection.state === 'disconnected' || !mayStart) return null
  const offered = offers(connection).filter(({ what }) => mayOrder || what === 'syncs')
  return (
    <>
      {offered.map(({ what, label }) => (
        <Button
          key={what}
          size="xs"
          variant="default"
          loading={action.isPending && action.variables === what}
          onClick={() => {
            action.mutate(what)
          }}
        >
          {label}
        </Button>
      ))}
      {mayOrder && <Disconnect connection={connection} />}
      {action.error && <ActionProblem error={action.error} onDismiss={action.reset} />}
    </>
  )
}
