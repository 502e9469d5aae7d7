// What sets the seat apart: an exemption, or that the person is gone.
import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { ANSWERS } from '../../api/keys'
import { endExemption, EXEMPTIONS } from '../../api/settings'
import type { UserDetail } from '../../api/types'
import { useMay } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { Dialog } from '../../parts/dialog'
import { Notice } from '../../parts/notice'
import { useAction } from '../../parts/use-action'
import { date } from '../../words/format'
import { ExemptForm } from '../users/exempt-form'

export function ExemptionNotice({ user }: { user: UserDetail }) {
  return (
    <>
      {user.deleted_at != null && (
        <Notice tone="plain" title={`Deleted at PagerDuty on ${date(user.deleted_at)}`}>
          <p>The seat is free; its history stays for every day on which it was held.</p>
        </Notice>
      )}
      {user.exempt != null && (
        <Notice tone="plain" title={`Exempt: ${user.exempt.reason}`}>
          <p>
            {user.exempt.until === null ? 'Until someone ends it.' : `Until ${date(user.exempt.until)}.`} The
            seat counts in no class and no recommendation.
          </p>
        </Notice>
      )}
    </>
  )
}

/** Exempt the seat, or end its exemption. */
export function ExemptionButton({ user }: { user: UserDetail }) {
  const mayChange = useMay('analyst')
  const [open, dialog] = useDisclosure(false)
  const end = useAction(() => endExemption(user.id), { refresh: [EXEMPTIONS, [ANSWERS]] })
  if (!mayChange) return null
  if (user.exempt != null) {
    return (
      <>
        <Button
          size="compact-xs"
          variant="default"
          loading={end.isPending}
          onClick={() => {
            end.mutate()
          }}
        >
          End the exemption
        </Button>
        {end.error && <ActionProblem error={end.error} onDismiss={end.reset} />}
      </>
    )
  }
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={dialog.open}>
        Exempt
      </Button>
      <Dialog open={open} onClose={dialog.close} title={`Exempt ${user.name}`}>
        <ExemptForm users={[user]} onDone={dialog.close} />
      </Dialog>
    </>
  )
}
