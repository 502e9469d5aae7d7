// Who may sign in, in which role.
import { NativeSelect } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { changeMember, MEMBERS, membersQuery, removeMember, type Member } from '../../api/people'
import { sessionQuery } from '../../api/queries'
import { useMay, type Role } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import { Confirm } from '../../parts/confirm'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { useAction } from '../../parts/use-action'
import { useNow } from '../../parts/use-now'
import { date, NO_FIGURE, relative, textOr } from '../../words/format'
import { roleDefinition, ROLE_WORDS, roleNamed } from '../../words/roles'
import { AddMember } from './add-member'

export function Members() {
  const query = useQuery(membersQuery)
  const mayChange = useMay('admin')
  return (
    <Panel title="Members" aside={mayChange && <AddMember />} flush>
      <Loaded query={query} label="the members">
        {(members) => <MemberTable members={members} mayChange={mayChange} />}
      </Loaded>
    </Panel>
  )
}

function MemberTable({ members, mayChange }: { members: Member[]; mayChange: boolean }) {
  return (
    <Table label="Members">
      <thead>
        <tr>
          <th scope="col">Person</th>
          <th scope="col">Role</th>
          <th scope="col">Member since</th>
          <th scope="col">Last seen</th>
          <th scope="col">
            <span className="visually-hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {members.map((member) => (
          <MemberRow key={member.id} member={member} mayChange={mayChange} />
        ))}
      </tbody>
    </Table>
  )
}

function MemberRow({ member, mayChange }: { member: Member; mayChange: boolean }) {
  const now = useNow()
  const isOwner = useMay('owner')
  const { data: session } = useQuery(sessionQuery)
  const name = textOr(member.name, member.email)
  const mayTouch = mayChange && (isOwner || member.role !== 'owner')
  return (
    <tr>
      <th scope="row">
        {name}
        <p className={cells.definition}>{member.email}</p>
      </th>
      <td>{mayTouch ? <RoleChoice member={member} name={name} isOwner={isOwner} /> : ROLE_WORDS[member.role].label}</td>
      <td>{member.joined_at === null ? NO_FIGURE : date(member.joined_at)}</td>
      <td>{member.last_seen_at === null ? 'never' : relative(member.last_seen_at, now)}</td>
      <td>{mayTouch && session?.person.id !== member.id && <Remove member={member} name={name} />}</td>
    </tr>
  )
}

function RoleChoice({ member, name, isOwner }: { member: Member; name: string; isOwner: boolean }) {
  const change = useAction((role: Role) => changeMember(member.id, role), { refresh: [MEMBERS] })
  const roles = Object.entries(ROLE_WORDS).filter(([role]) => isOwner || role !== 'owner')
  return (
    <>
      <NativeSelect
        size="xs"
        aria-label={`Role of ${name}`}
        title={roleDefinition(member.role)}
        value={member.role}
        disabled={change.isPending}
        data={roles.map(([value, { label }]) => ({ value, label }))}
        onChange={(event) => {
          change.mutate(roleNamed(event.currentTarget.value))
        }}
      />
      {change.error && <ActionProblem error={change.error} onDismiss={change.reset} />}
    </>
  )
}

function Remove({ member, name }: { member: Member; name: string }) {
  const remove = useAction(() => removeMember(member.id), { refresh: [MEMBERS] })
  return (
    <Confirm
      label="Remove"
      spoken={`Remove ${name}`}
      title={`Remove ${name}?`}
      confirm="Remove"
      action={remove}
    >
      <p>Their sessions end at once. API keys they made keep working until they are revoked.</p>
    </Confirm>
  )
}
