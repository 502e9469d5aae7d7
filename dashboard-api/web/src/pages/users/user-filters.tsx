// Search, class and license; a team comes from a link. All of it lives in the address.
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { licensesQuery } from '../../api/queries'
import { usePeriod } from '../../frame/period'
import { readUsersSearch, type UsersSearch } from '../../frame/search'
import { CloseIcon, SearchIcon } from '../../parts/icons'
import { CLASSES } from '../../words/classes'
import { count } from '../../words/format'
import classes from './users.module.css'

/** Long enough not to ask for every letter, short enough to feel immediate. */
const TYPING_PAUSE_MS = 250

function useChange() {
  const navigate = useNavigate()
  return (change: Record<string, string | undefined>) => {
    void navigate({
      to: '/users',
      search: (search) => ({ ...search, ...readUsersSearch({ ...search, ...change }), ...absent(change) }),
      replace: true,
    })
  }
}

/** The keys that the change takes away. */
function absent(change: Record<string, string | undefined>): UsersSearch {
  const gone = Object.entries(change).filter(([, value]) => value === undefined || value === '')
  return Object.fromEntries(gone.map(([name]) => [name, undefined]))
}

interface Props {
  filter: { [K in keyof UsersSearch]: UsersSearch[K] | undefined }
  total: number
  shown: string
}

export function UserFilters({ filter, total, shown }: Props) {
  const change = useChange()
  const { data: licenses } = useQuery(licensesQuery(usePeriod()))
  return (
    <div className={classes.filters} role="search" aria-label="Filter seats">
      <SearchField value={filter.q ?? ''} onChange={change} />
      <NativeSelect
        size="xs"
        aria-label="Class"
        value={filter.class ?? ''}
        onChange={(event) => {
          change({ class: event.currentTarget.value })
        }}
        data={[
          { value: '', label: 'All classes' },
          ...CLASSES.map(({ id, label }) => ({ value: id, label })),
        ]}
      />
      <NativeSelect
        size="xs"
        aria-label="License"
        value={filter.license ?? ''}
        onChange={(event) => {
          change({ license: event.currentTarget.value })
        }}
        data={[
          { value: '', label: 'All licenses' },
          ...(licenses?.data ?? []).map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      {filter.team !== undefined && (
        <button
          type="button"
          className={classes.teamFilter}
          onClick={() => {
            change({ team: undefined })
          }}
        >
          Team {filter.team} <CloseIcon />
          <span className="visually-hidden">remove this filter</span>
        </button>
      )}
      <p className={classes.count} role="status">
        {count(total)} seats{shown !== count(total) && <>, {shown} loaded</>}
      </p>
    </div>
  )
}

function SearchField(props: { value: string; onChange: (change: { q: string }) => void }) {
  const [text, setText] = useState(props.value)
  const [known, setKnown] = useState(props.value)
  if (props.value !== known) {
    // Emptied from outside; what is being typed is never replaced by an older address.
    setKnown(props.value)
    if (props.value === '') setText('')
  }
  const send = useDebouncedCallback((q: string) => {
    props.onChange({ q: q.trim() })
  }, TYPING_PAUSE_MS)
  return (
    <TextInput
      size="xs"
      className={classes.search ?? ''}
      leftSection={<SearchIcon />}
      placeholder="Name or e-mail"
      aria-label="Search by name or e-mail"
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        send(event.currentTarget.value)
      }}
    />
  )
}

export function ClearFilters() {
  const change = useChange()
  return (
    <Button
      size="xs"
      variant="default"
      onClick={() => {
        change({ class: undefined, q: undefined, license: undefined, team: undefined })
      }}
    >
      Clear the filters
    </Button>
  )
}
