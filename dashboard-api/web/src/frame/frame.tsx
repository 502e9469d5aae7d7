// What surrounds every page after sign-in: who, where, how fresh, which filters, where to go.
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Outlet } from '@tanstack/react-router'
import { useConnectionEvents } from '../api/events'
import { connectionsQuery, sessionQuery } from '../api/queries'
import { IconButton } from '../parts/icon-button'
import { CloseIcon, MenuIcon } from '../parts/icons'
import { setTimeZone } from '../words/zone'
import { ConnectionChip } from './connection-chip'
import { ConsentNotice } from './consent-notice'
import { currentConnection } from './current-connection'
import { FilterStrip } from './filter-strip'
import classes from './frame.module.css'
import { GlobalFilters } from './global-filters'
import { Navigation } from './navigation'
import { Palette } from './palette'
import { PeriodFilter } from './period'
import { PersonMenu } from './person-menu'
import { Product } from './product'
import { ThemeToggle } from './theme-toggle'

const frameRoute = getRouteApi('/frame')

export function Frame() {
  const { tz } = frameRoute.useSearch()
  const { data: connections } = useQuery(connectionsQuery)
  const connection = currentConnection(connections)
  const [menuOpen, menu] = useDisclosure(false)
  useConnectionEvents(connection?.state === 'disconnected' ? undefined : connection?.id)
  setTimeZone(tz ?? 'UTC')

  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        Skip to content
      </a>
      <header className={classes.bar}>
        <span className={classes.burger}>
          <IconButton
            label={menuOpen ? 'Close the menu' : 'Open the menu'}
            onClick={menu.toggle}
            expanded={menuOpen}
            controls="navigation"
          >
            {menuOpen ? <CloseIcon /> : <MenuIcon />}
          </IconButton>
        </span>
        <Product />
        <Organization />
        <div className={classes.chip}>
          <ConnectionChip connection={connection} loading={connections === undefined} />
        </div>
        <div className={classes.tools}>
          <PeriodFilter />
          <GlobalFilters />
        </div>
        <div className={classes.person}>
          <Palette />
          <ThemeToggle />
          <PersonMenu />
        </div>
      </header>
      <Navigation open={menuOpen} onNavigate={menu.close} />
      <main id="content" className={classes.content} tabIndex={-1}>
        <FilterStrip />
        <ConsentNotice />
        {/* A new time zone writes every instant anew. */}
        <Outlet key={tz ?? 'UTC'} />
      </main>
    </div>
  )
}

function Organization() {
  const { data: session } = useQuery(sessionQuery)
  return (
    <span className={classes.organization} title="Organization">
      {session?.organization.name}
    </span>
  )
}
