// Search by keyboard: pages, people, teams, licenses and features, from anywhere.
import { Modal } from '@mantine/core'
import { useDebouncedValue, useHotkeys } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useRouter } from '@tanstack/react-router'
import { useId, useState, type KeyboardEvent } from 'react'
import { featuresQuery, peopleSearchQuery } from '../api/queries'
import { SearchIcon } from '../parts/icons'
import { useFilterNames } from './global-filters'
import classes from './palette.module.css'
import { matches, type Found } from './palette-matches'
import { usePeriod } from './reading'

const TYPING_PAUSE_MS = 150

export function Palette() {
  const [open, setOpen] = useState(false)
  useHotkeys([
    ['/', () => { setOpen(true) }],
    ['mod+K', () => { setOpen(true) }],
  ])
  const close = () => { setOpen(false) }
  return (
    <>
      <button type="button" className={classes.trigger} onClick={() => { setOpen(true) }}>
        <SearchIcon />
        <span className={classes.triggerWord}>Search</span>
        <kbd aria-hidden="true">/</kbd>
      </button>
      <Modal
        opened={open}
        onClose={close}
        withCloseButton={false}
        lockScroll={false}
        padding={0}
        yOffset="12vh"
        transitionProps={{ duration: 0 }}
        title="Search"
        classNames={{ header: 'visually-hidden' }}
      >
        <PaletteBody onDone={close} />
      </Modal>
    </>
  )
}

function PaletteBody({ onDone }: { onDone: () => void }) {
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const found = useFound(text)
  const go = useGo(onDone)
  const listId = useId()
  const at = Math.min(chosen, found.length - 1)
  const onKey = (event: KeyboardEvent) => {
    const entry = found[at]
    if (event.key === 'ArrowDown') setChosen(Math.min(at + 1, found.length - 1))
    else if (event.key === 'ArrowUp') setChosen(Math.max(at - 1, 0))
    else if (event.key === 'Enter' && entry !== undefined) go(entry)
    else return
    event.preventDefault()
  }
  return (
    <>
      <input
        className={classes.input}
        type="text"
        role="combobox"
        aria-label="Search pages, people, teams, licenses and features"
        aria-expanded={found.length > 0}
        aria-controls={listId}
        aria-activedescendant={found.length > 0 ? `${listId}-${at}` : undefined}
        placeholder="Page, person, team, license or feature"
        autoComplete="off"
        data-autofocus
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setChosen(0)
        }}
        onKeyDown={onKey}
      />
      <ul id={listId} className={classes.results} role="listbox" aria-label="Results">
        {found.map((entry, index) => (
          <li
            key={`${entry.kind} ${entry.href}`}
            id={`${listId}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerMove={() => { setChosen(index) }}
            onClick={() => { go(entry) }}
          >
            <span>{entry.label}</span>
            <span className={classes.kind}>{entry.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && (
        <p className={classes.none} role="status">
          Nothing is called “{text}”.
        </p>
      )}
    </>
  )
}

function useFound(text: string): Found[] {
  const window = usePeriod()
  const [typed] = useDebouncedValue(text.trim(), TYPING_PAUSE_MS)
  const { data: people } = useQuery({ ...peopleSearchQuery(typed), enabled: typed.length > 1 })
  const { data: features } = useQuery(featuresQuery({ window }))
  const names = useFilterNames()
  return matches(text, {
    people: text.trim().length > 1 ? (people ?? []) : [],
    features: features?.data ?? [],
    ...names,
  })
}

function useGo(onDone: () => void) {
  const router = useRouter()
  return (entry: Found) => {
    onDone()
    void router.navigate({ href: entry.href })
  }
}
