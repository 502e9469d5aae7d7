// A button whose consequence is told before it happens.
import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { ActionProblem } from './action-problem'
import { Dialog, DialogButtons } from './dialog'
import classes from './parts.module.css'

interface Props {
  label: string
  spoken?: string
  title: string
  confirm: string
  keep?: string
  action: {
    mutate: (input: undefined, options: { onSuccess: () => void }) => void
    isPending: boolean
    error: Error | null
    reset: () => void
  }
  children: ReactNode
}

export function Confirm(props: Props) {
  const [open, dialog] = useDisclosure(false)
  const { action } = props
  return (
    <>
      <Button
        size="xs"
        variant="default"
        className={classes.danger ?? ''}
        aria-label={props.spoken}
        onClick={dialog.open}
      >
        {props.label}
      </Button>
      <Dialog open={open} onClose={dialog.close} title={props.title}>
        {props.children}
        {action.error && <ActionProblem error={action.error} onDismiss={action.reset} />}
        <DialogButtons>
          <Button size="xs" variant="default" onClick={dialog.close} data-autofocus>
            {props.keep ?? 'Cancel'}
          </Button>
          <Button
            size="xs"
            color="red"
            loading={action.isPending}
            onClick={() => {
              action.mutate(undefined, { onSuccess: dialog.close })
            }}
          >
            {props.confirm}
          </Button>
        </DialogButtons>
      </Dialog>
    </>
  )
}
