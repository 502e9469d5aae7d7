// Search, class, feature and recommendation; team and license are filters of every page.
import { Button, NativeSelect, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Query } from '../../api/client'
import { readUsersSearch, type UsersSearch } from '../../frame/search'
import { Downloads } from '../../parts/downloads'
import { SearchIcon } from '../../parts/icons'
import parts from '../../parts/parts.module.css'
import { CLASSES } from '../../words/classes'
import { count } from '../../words/format'
import { KINDS } from '../../words/recommendations'
import { ColumnPicker } from './column-picker'
import { FeatureFilter } from './feature-filter'
import classes from './users.module.css'

/** Long enough not to ask for every letter, short enough to feel immediate. */
const TYPING_PAUSE_MS = 250

type Change = Record<string, string | undefined>

function useChange() {
  const navigate = useNavigate()
  return (change: Change) => {
    void navigate({
      to: '/users',
      search: (search) => ({ ...search, ...readUsersSearch({ ...search, ...change }), ...absent(change) }),
      replace: true,
    })
  }
}

/** The keys that the change takes away. */
function absent(change: Change): UsersSearch {
  const gone = Object.entries(change).filter(([, value]) => value === undefined || value === '')
  return Object.fromEntries(gone.map(([name]) => [name, undefined]))
}

interface Props {
  search: UsersSearch
  filter: Query
  total: number
  shown: string
}

export function UserFilters({ search, filter, total, shown }: Props) {
  const change = useChange()
  return (
    <div className={classes.filters} role="search" aria-label="Filter seats">
      <SearchField value={search.q ?? ''} onChange={change} />
      <NativeSelect
        size="xs"
        aria-label="Class"
        value={search.class ?? ''}
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
        aria-label="Recommendation"
        value={search.recommendation ?? ''}
        onChange={(event) => {
          change({ recommendation: event.currentTarget.value })
        }}
        data={[
          { value: '', label: 'Any recommendation' },
          ...KINDS.filter(({ id }) => id !== 'addon').map(({ id, label }) => ({ value: id, label })),
        ]}
      />
      <FeatureFilter search={search} onChange={change} />
      <span className={parts.toolbarEnd}>
        <span className={classes.count} role="status">
          {count(total)} seats{shown !== count(total) && <>, {shown} loaded</>}
        </span>
        <Downloads path="/users" query={filter} label="these seats" />
        <ColumnPicker />
      </span>
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
  const navigate = useNavigate()
  return (
    <Button
      size="xs"
      variant="default"
      onClick={() => {
        void navigate({
          to: '/users',
          search: { team: undefined, license: undefined },
          replace: true,
        })
      }}
    >
      Clear the filters
    </Button>
  )
}
