// Who is signed in, and the way out.
import { Button, Popover } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { signOut } from '../api/client'
import { asProblem } from '../api/problem'
import { sessionQuery } from '../api/queries'
import classes from './frame.module.css'

export function PersonMenu() {
  const { data: session } = useQuery(sessionQuery)
  const cache = useQueryClient()
  const navigate = useNavigate()
  const leave = useMutation({
    mutationFn: signOut,
    onSuccess: async () => {
      await navigate({ to: '/sign-in' })
      cache.clear()
    },
  })
  if (session === undefined) return null
  const { person } = session
  return (
    <Popover position="bottom-end" width={240} shadow="md" trapFocus returnFocus>
      <Popover.Target>
        <button type="button" className={classes.avatar} aria-label={`${initials(person.name, person.email)}, account of ${person.name}`}>
          {initials(person.name, person.email)}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Account" className={classes.personCard ?? ''}>
        <strong>{person.name}</strong>
        <span>{person.email}</span>
        <span>
          {session.organization.name} · {session.role}
        </span>
        {leave.error && <span role="alert">{asProblem(leave.error).title}</span>}
        <Button
          size="xs"
          variant="default"
          loading={leave.isPending}
          onClick={() => {
            leave.mutate()
          }}
        >
          Sign out
        </Button>
      </Popover.Dropdown>
    </Popover>
  )
}

function initials(name: string, email: string): string {
  const words = (name.trim() || email).split(/\s+/)
  const first = words[0]?.charAt(0) ?? '?'
  const last = words.length > 1 ? (words[words.length - 1]?.charAt(0) ?? '') : ''
  return `${first}${last}`.toUpperCase()
}
