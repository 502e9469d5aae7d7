// What can be done with the chosen seats: exempt them, or take them along as a file.
import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { UserRow } from '../../api/types'
import { Dialog } from '../../parts/dialog'
import { csvOf, saveFile } from '../../words/csv'
import { classLabel } from '../../words/classes'
import { plural } from '../../words/format'
import { ExemptForm } from './exempt-form'
import classes from './users.module.css'

export function BulkBar(props: { users: UserRow[]; onDone: () => void }) {
  const [open, dialog] = useDisclosure(false)
  return (
    <div className={classes.bulk} role="group" aria-label="Chosen seats">
      <strong role="status">{plural(props.users.length, 'seat', 'seats')} chosen</strong>
      <Button size="compact-xs" variant="default" onClick={dialog.open}>
        Exempt
      </Button>
      <Button
        size="compact-xs"
        variant="default"
        onClick={() => {
          exportChosen(props.users)
        }}
      >
        Export as CSV
      </Button>
      <Button size="compact-xs" variant="default" onClick={props.onDone}>
        Choose none
      </Button>
      <Dialog open={open} onClose={dialog.close} title={`Exempt ${plural(props.users.length, 'seat', 'seats')}`}>
        <ExemptForm
          users={props.users}
          onDone={() => {
            dialog.close()
            props.onDone()
          }}
        />
      </Dialog>
    </div>
  )
}

function exportChosen(users: UserRow[]): void {
  const rows = users.map((user) => [
    user.id,
    user.name,
    user.email,
    user.role,
    user.license?.name ?? '',
    classLabel(user.class),
    user.last_any?.at ?? '',
    `${user.actions}`,
    `${user.duty_seconds}`,
  ])
  const head = ['id', 'name', 'email', 'role', 'license', 'class', 'last_use', 'actions', 'duty_seconds']
  saveFile('chosen-seats.csv', csvOf([head, ...rows]))
}
