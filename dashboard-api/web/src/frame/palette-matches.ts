// What a search finds, in the order in which it is offered.
import { PAGES } from './pages'

export interface Found {
  kind: string
  label: string
  href: string
}

interface Named {
  id: string
  name: string
}

export interface Searched {
  people: readonly (Named & { email: string })[]
  features: readonly Named[]
  teams: readonly Named[]
  licenses: readonly Named[]
}

const PER_KIND = 6

export function matches(text: string, searched: Searched): Found[] {
  const wanted = text.trim().toLowerCase()
  const pages = PAGES.filter(({ label, words }) => `${label} ${words}`.toLowerCase().includes(wanted))
  const found = pages.map(({ to, label }): Found => ({ kind: 'Page', label, href: to }))
  if (wanted === '') return found
  return [
    ...found.slice(0, PER_KIND),
    ...searched.people
      .slice(0, PER_KIND)
      .map(({ id, name, email }) => entry('Person', `${name} · ${email}`, `/users/${encodeURIComponent(id)}`)),
    ...named(searched.teams, wanted).map(({ id, name }) => entry('Team', name, `/users?team=${encodeURIComponent(id)}`)),
    ...named(searched.licenses, wanted).map(({ id, name }) =>
      entry('License', name, `/users?license=${encodeURIComponent(id)}`),
    ),
    ...named(searched.features, wanted).map(({ id, name }) =>
      entry('Feature', name, `/features/${encodeURIComponent(id)}`),
    ),
  ]
}

const entry = (kind: string, label: string, href: string): Found => ({ kind, label, href })

const named = (list: readonly Named[], wanted: string): Named[] =>
  list.filter(({ name }) => name.toLowerCase().includes(wanted)).slice(0, PER_KIND)
