// The sign of each page in the navigation.
import { Icon } from '../parts/icons'
import type { PageTo } from './pages'

const PATHS: Record<PageTo, string> = {
  '/': 'M2 14V9M6 14V5M10 14V7M14 14V2',
  '/licenses': 'M1.5 3.5h13v9h-13zM4.5 6.5h4M4.5 9.5h7',
  '/users':
    'M6 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM1.5 14c.3-2.7 2-4.2 4.5-4.2s4.2 1.5 4.5 4.2M10.5 3.2a2.5 2.5 0 0 1 0 4.6M12 10.2c1.5.5 2.3 1.8 2.5 3.8',
  '/features': 'M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z',
  '/teams':
    'M8 6.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM3.5 13.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM12.5 13.5a2 2 0 1 0 0-4 2 2 0 0 0 0 4ZM8 6.5v2M4.5 9.7 8 8.5l3.5 1.2',
  '/on-call': 'M8 14.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM8 4.5V8l2.5 1.8',
  '/recommendations': 'M3 8.5 6.5 12 13 4.5M2 14h12',
  '/sync':
    'M13.5 6.5A6 6 0 0 0 2.8 5M2.5 9.5A6 6 0 0 0 13.2 11M2.5 2v3.2h3.2M13.5 14v-3.2h-3.2',
  '/connections': 'M6 2v3.5M10 2v3.5M4 5.5h8v2a4 4 0 0 1-8 0v-2ZM8 11.5V14',
  '/settings': 'M2 4.5h7M12 4.5h2M2 11.5h2M7 11.5h7M10.5 3v3M5.5 10v3',
}

export function NavIcon({ page }: { page: PageTo }) {
  return (
    <Icon>
      <path d={PATHS[page]} />
    </Icon>
  )
}
