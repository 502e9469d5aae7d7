// Sync now and Disconnect, each with its refusal shown where it was asked for.
import { Button, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { asProblem } from '../../api/problem'
import { connectionsQuery, disconnect, startSync } from '../../api/queries'
import type { Connection } from '../../api/types'
import { Notice } from '../../parts/notice'
import classes from './connections.module.css'

export function ConnectionActions({ connection }: { connection: Connection }) {
  const cache = useQueryClient()
  const running = connection.sync?.state === 'running' || connection.sync?.state === 'queued'
  const sync = useMutation({
    mutationFn: () => startSync(connection.id),
    onSettled: () => cache.invalidateQueries({ queryKey: connectionsQuery.queryKey }),
  })
  if (connection.state === 'disconnected') return null
  return (
    <>
      {connection.state === 'connected' && (
        <Button
          size="xs"
          variant="default"
          disabled={running}
          loading={sync.isPending}
          onClick={() => {
            sync.mutate()
          }}
        >
          {running ? 'Syncing…' : 'Sync now'}
        </Button>
      )}
      <Disconnect connection={connection} />
      {sync.error && <ActionProblem error={sync.error} onDismiss={sync.reset} />}
    </>
  )
}

function Disconnect({ connection }: { connection: Connection }) {
  const cache = useQueryClient()
  const [open, dialog] = useDisclosure(false)
  const { mutate, isPending, error, reset } = useMutation({
    mutationFn: () => disconnect(connection.id),
    onSuccess: async () => {
      dialog.close()
      await cache.invalidateQueries({ queryKey: connectionsQuery.queryKey })
    },
  })
  return (
    <>
      <Button size="xs" variant="default" className={classes.danger ?? ''} onClick={dialog.open}>
        Disconnect
      </Button>
      <Modal
        opened={open}
        onClose={dialog.close}
        title={`Disconnect PagerDuty · ${connection.subdomain}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
        lockScroll={false}
        centered
      >
        <div className={classes.dialog}>
          <p>
            The stored access is destroyed and no further data is fetched. Figures and history read so far
            stay, as of the last sync. To read again, an administrator has to consent again.
          </p>
          {error && <ActionProblem error={error} onDismiss={reset} />}
          <div className={classes.dialogButtons}>
            <Button size="xs" variant="default" onClick={dialog.close} data-autofocus>
              Keep it connected
            </Button>
            <Button
              size="xs"
              color="red"
              loading={isPending}
              onClick={() => {
                mutate()
              }}
            >
              Disconnect
            </Button>
          </div>
        </div>
      </Modal>
    </>
  )
}

function ActionProblem({ error, onDismiss }: { error: Error; onDismiss: () => void }) {
  const problem = asProblem(error)
  return (
    <div className={classes.actionProblem}>
      <Notice tone="bad" title={problem.title} requestId={problem.requestId} onDismiss={onDismiss} live="alert">
        {problem.detail !== null && <p>{problem.detail}</p>}
      </Notice>
    </div>
  )
}
