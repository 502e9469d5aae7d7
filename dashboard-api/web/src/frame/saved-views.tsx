// The address of a page under a name: filters, period, sort and columns come back with it.
import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useState, type SubmitEvent } from 'react'
import { deleteView, SAVED_VIEWS, savedViewsQuery, saveView, type SavedPage } from '../api/settings'
import { ActionProblem } from '../parts/action-problem'
import { IconButton } from '../parts/icon-button'
import { CloseIcon } from '../parts/icons'
import { useAction } from '../parts/use-action'
import classes from './frame.module.css'
import { useMay } from './role'
import { readSearch, withoutOutcome, writeSearch } from './search'

const PATHS = {
  overview: '/',
  licenses: '/licenses',
  users: '/users',
  features: '/features',
  teams: '/teams',
  'oncall-load': '/on-call',
  recommendations: '/recommendations',
} as const satisfies Record<SavedPage, string>

const PAGES_WITH_VIEWS = Object.keys(PATHS) as SavedPage[]

export function SavedViews() {
  const { data: views } = useQuery(savedViewsQuery)
  const mayChange = useMay('analyst')
  const remove = useAction(deleteView, { refresh: [SAVED_VIEWS] })
  const path = useLocation({ select: ({ pathname }) => pathname })
  const page = PAGES_WITH_VIEWS.find((name) => PATHS[name] === path)
  if (views === undefined || (views.length === 0 && !mayChange)) return null
  return (
    <section className={classes.views} aria-label="Saved views">
      <h3>Saved views</h3>
      {views.length > 0 && (
        <ul>
          {views.map((view) => (
            <li key={view.id}>
              <Link to={PATHS[view.page]} search={readSearch(view.query)}>
                {view.name}
              </Link>
              {mayChange && (
                <IconButton
                  label={`Delete the view ${view.name}`}
                  onClick={() => {
                    remove.mutate(view.id)
                  }}
                >
                  <CloseIcon />
                </IconButton>
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && page !== undefined && <SaveThisView page={page} />}
    </section>
  )
}

function SaveThisView({ page }: { page: SavedPage }) {
  const [name, setName] = useState('')
  const query = useLocation({
    select: ({ search }) => writeSearch({ ...withoutOutcome(search) }).replace(/^\?/, ''),
  })
  const save = useAction(saveView, {
    refresh: [SAVED_VIEWS],
    onDone: () => {
      setName('')
    },
  })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (name.trim() !== '') save.mutate({ name: name.trim(), page, query })
  }
  return (
    <form className={classes.saveView} onSubmit={submit}>
      <TextInput
        size="xs"
        aria-label="Name for this view"
        placeholder="Name for this view"
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value)
        }}
      />
      <Button type="submit" size="xs" variant="default" loading={save.isPending}>
        Save
      </Button>
      {save.error && <ActionProblem error={save.error} onDismiss={save.reset} />}
    </form>
  )
}
