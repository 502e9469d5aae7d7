// The pages that this organization shows. On a narrow screen the list opens in the flow, above the page, and never covers it.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { sessionQuery } from '../api/queries'
import { NavIcon } from './nav-icons'
import classes from './frame.module.css'
import { PAGES } from './pages'

export function Navigation(props: { open: boolean; onNavigate: () => void }) {
  const { data: session } = useQuery(sessionQuery)
  const pages = PAGES.filter((page) => session?.privacy !== 'team_only' || !('personal' in page))
  return (
    <nav id="navigation" className={classes.nav} data-open={props.open} aria-label="Pages">
      <ul>
        {pages.map((page) => (
          <li key={page.to} data-group={page.group}>
            <Link
              to={page.to}
              className={classes.navLink ?? ''}
              activeOptions={{ exact: page.to === '/', includeSearch: false }}
              onClick={props.onNavigate}
            >
              <NavIcon page={page.to} />
              {page.label}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
