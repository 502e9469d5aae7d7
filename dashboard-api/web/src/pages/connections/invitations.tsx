// The invitations sent so far, what became of them, and what can still be done.
import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import {
  INVITATIONS,
  invitationsQuery,
  resendInvitation,
  revokeInvitation,
  type Invitation,
  type InvitationState,
} from '../../api/invitations'
import { sessionQuery } from '../../api/queries'
import { reaches } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { Badge, type Tone } from '../../parts/badge'
import { Confirm } from '../../parts/confirm'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { useAction } from '../../parts/use-action'
import { useNow } from '../../parts/use-now'
import { humanize, instant, relative } from '../../words/format'
import classes from './connections.module.css'
import { InviteDialog } from './invite-dialog'

export function Invitations() {
  const query = useQuery(invitationsQuery)
  return (
    <Panel title="Invitations" aside={<InviteDialog />} flush>
      <Loaded query={query} label="invitations" height={80}>
        {(invitations) =>
          invitations.length === 0 ? (
            <p className={classes.none}>
              Nobody was invited yet. Whoever is not a PagerDuty administrator can ask one to connect.
            </p>
          ) : (
            <InvitationTable invitations={invitations} />
          )
        }
      </Loaded>
    </Panel>
  )
}

function InvitationTable({ invitations }: { invitations: Invitation[] }) {
  return (
    <Table label="Invitations">
      <thead>
        <tr>
          <th scope="col">Invited</th>
          <th scope="col">State</th>
          <th scope="col">By</th>
          <th scope="col">Sent</th>
          <th scope="col">Works until</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {invitations.map((invitation) => (
          <InvitationRow key={invitation.id} invitation={invitation} />
        ))}
      </tbody>
    </Table>
  )
}

const TONES: Record<InvitationState, Tone> = {
  open: 'warn',
  accepted: 'warn',
  connected: 'good',
  expired: 'plain',
  revoked: 'plain',
}

function InvitationRow({ invitation }: { invitation: Invitation }) {
  const now = useNow()
  const { state, outcome } = invitation
  return (
    <tr>
      <th scope="row">
        {invitation.email}
        {invitation.note !== '' && <p className={cells.definition}>{invitation.note}</p>}
      </th>
      <td>
        <Badge tone={TONES[state]}>{humanize(state)}</Badge>
        {outcome !== '' && <p className={cells.dim}>{humanize(outcome)}</p>}
      </td>
      <td>{invitation.invited_by_name}</td>
      <td className={cells.nowrap}>
        {relative(invitation.created_at, now)}, {invitation.mailed ? 'by mail' : 'link only'}
      </td>
      <td className={cells.nowrap}>{instant(invitation.expires_at)}</td>
      <td>{state === 'open' && <InvitationActions invitation={invitation} />}</td>
    </tr>
  )
}

function InvitationActions({ invitation }: { invitation: Invitation }) {
  const { data: session } = useQuery(sessionQuery)
  const resend = useAction(() => resendInvitation(invitation.id), { refresh: [INVITATIONS] })
  const revoke = useAction(() => revokeInvitation(invitation.id), { refresh: [INVITATIONS] })
  return (
    <div className={classes.actions}>
      <Button
        size="xs"
        variant="default"
        loading={resend.isPending}
        onClick={() => {
          resend.mutate()
        }}
      >
        {resend.isSuccess ? 'Sent again' : 'Resend'}
      </Button>
      {reaches(session?.role, 'admin') && (
        <Confirm
          label="Revoke"
          spoken={`Revoke the invitation of ${invitation.email}`}
          title={`Revoke the invitation of ${invitation.email}?`}
          confirm="Revoke"
          action={revoke}
        >
          <p>The link stops working at once. Invite again to send a new one.</p>
        </Confirm>
      )}
      {resend.error && <ActionProblem error={resend.error} onDismiss={resend.reset} />}
    </div>
  )
}
