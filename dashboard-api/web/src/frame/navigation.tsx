// The pages. On a narrow screen the list opens in the flow, above the page, and never covers it.
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import {
  ConnectionsIcon,
  FeaturesIcon,
  LicensesIcon,
  OverviewIcon,
  UsersIcon,
} from '../parts/icons'
import classes from './frame.module.css'

interface Entry {
  to: '/' | '/users' | '/features' | '/licenses' | '/connections'
  label: string
  icon: ReactNode
}

const ENTRIES: readonly Entry[] = [
  { to: '/', label: 'Overview', icon: <OverviewIcon /> },
  { to: '/users', label: 'Users', icon: <UsersIcon /> },
  { to: '/features', label: 'Features', icon: <FeaturesIcon /> },
  { to: '/licenses', label: 'Licenses', icon: <LicensesIcon /> },
  { to: '/connections', label: 'Connections', icon: <ConnectionsIcon /> },
]

export function Navigation(props: { open: boolean; onNavigate: () => void }) {
  return (
    <nav id="navigation" className={classes.nav} data-open={props.open} aria-label="Pages">
      <ul>
        {ENTRIES.map((entry) => (
          <li key={entry.to}>
            <Link
              to={entry.to}
              className={classes.navLink ?? ''}
              activeOptions={{ exact: entry.to === '/', includeSearch: false }}
              onClick={props.onNavigate}
            >
              {entry.icon}
              {entry.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
