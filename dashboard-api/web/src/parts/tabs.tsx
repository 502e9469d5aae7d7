// The faces of a page as links, so that each has an address; not ARIA tabs, which have none.
import { Link } from '@tanstack/react-router'
import classes from './tabs.module.css'

export interface Tab {
  id: string
  label: string
}

interface Props {
  label: string
  tabs: readonly Tab[]
  current: string
}

export function Tabs({ label, tabs, current }: Props) {
  return (
    <nav className={classes.tabs} aria-label={label}>
      {tabs.map(({ id, label: name }, index) => (
        <Link
          key={id}
          to="."
          search={(search: object) => ({ ...search, tab: index === 0 ? undefined : id })}
          data-current={id === current}
          className={classes.tab ?? ''}
          // Without it the first tab, which names none, would count as current on every other.
          activeOptions={{ explicitUndefined: true }}
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}

/** The tab the address names, else the first. */
export function chosenTab(tabs: readonly Tab[], name: string | undefined): string {
  return tabs.find(({ id }) => id === name)?.id ?? tabs[0]?.id ?? ''
}
