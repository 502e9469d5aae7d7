// The head of the Users table: a click sorts on the server, a second one turns the order.
import { Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Feature } from '../../api/types'
import { useAsOfWords } from '../../parts/as-of'
import { HintText } from '../../parts/hint'
import { notesOf, type ColumnNotes } from './user-columns'
import classes from './users.module.css'

interface Props {
  ids: readonly string[]
  catalogue: readonly Feature[] | undefined
  sort: string | undefined
  tick: ReactNode
}

export function UserTableHead({ ids, catalogue, sort, tick }: Props) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {ids.map((id) => {
          const notes = notesOf(id, catalogue)
          return (
            <th
              key={id}
              scope="col"
              style={{ width: notes.width }}
              data-numeric={notes.numeric}
              aria-sort={ariaSort(notes.sort, sort)}
            >
              {id === 'name' && tick}
              <Head notes={notes} sort={sort} />
            </th>
          )
        })}
      </tr>
    </thead>
  )
}

function Head({ notes, sort }: { notes: ColumnNotes; sort: string | undefined }) {
  const asOf = useAsOfWords()
  if (notes.sort === undefined) {
    return notes.definition === undefined ? notes.label : <HintText text={notes.definition}>{notes.label}</HintText>
  }
  const link = (
    <Link
      to="/users"
      search={(search) => ({ ...search, sort: nextSort(notes, sort) })}
      replace
      className={classes.sort ?? ''}
    >
      {notes.label}
      <span aria-hidden="true">{arrow(notes.sort, sort)}</span>
    </Link>
  )
  if (notes.definition === undefined) return link
  return (
    <Tooltip multiline w={260} withArrow label={`${notes.definition} ${asOf}`} events={{ hover: true, focus: true, touch: true }}>
      {link}
    </Tooltip>
  )
}

/** Figures start with the largest, words with the first letter. */
function nextSort({ sort: key = '', numeric }: ColumnNotes, sort: string | undefined): string {
  const largestFirst = numeric === true || key === 'last_any'
  if (sort === key) return `-${key}`
  if (sort === `-${key}`) return key
  return largestFirst ? `-${key}` : key
}

function ariaSort(key: string | undefined, sort: string | undefined) {
  if (key === undefined) return undefined
  if (sort === key) return 'ascending'
  return sort === `-${key}` ? 'descending' : 'none'
}

function arrow(key: string, sort: string | undefined): string {
  if (sort === key) return ' ↑'
  return sort === `-${key}` ? ' ↓' : ''
}
