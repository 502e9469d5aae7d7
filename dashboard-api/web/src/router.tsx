// The routes, and what of their state lives in the address: global filters, page filters and sort.
import type { QueryClient } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router'
import { ApiProblem } from './api/problem'
import { sessionQuery } from './api/queries'
import { Frame } from './frame/frame'
import { FrameSkeleton } from './frame/frame-skeleton'
import {
  GLOBAL_FILTERS,
  readFrameSearch,
  readRecommendationsSearch,
  readSearch,
  readSyncSearch,
  readTabSearch,
  readUsersSearch,
  writeSearch,
} from './frame/search'
import { NotFoundPage } from './pages/not-found'
import { FullPageProblem } from './parts/problem-panel'

interface RouterContext {
  cache: QueryClient
}

const root = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  errorComponent: FullPageProblem,
  notFoundComponent: NotFoundPage,
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: lazyRouteComponent(() => import('./pages/sign-in/sign-in'), 'SignInPage'),
})

const invite = createRoute({
  getParentRoute: () => root,
  path: '/invite',
  component: lazyRouteComponent(() => import('./pages/invite/landing'), 'InviteLandingPage'),
})

const inviteDone = createRoute({
  getParentRoute: () => root,
  path: '/invite/done',
  component: lazyRouteComponent(() => import('./pages/invite/done'), 'InviteDonePage'),
})

const frame = createRoute({
  getParentRoute: () => root,
  id: 'frame',
  validateSearch: readFrameSearch,
  search: { middlewares: [retainSearchParams([...GLOBAL_FILTERS])] },
  beforeLoad: async ({ context, location }) => {
    try {
      await context.cache.query({ ...sessionQuery, staleTime: 'static' })
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) {
        throw redirect({ to: '/sign-in', search: { return_to: location.href } as never })
      }
      throw error
    }
  },
  pendingComponent: FrameSkeleton,
  errorComponent: FullPageProblem,
  component: Frame,
})

const overview = createRoute({
  getParentRoute: () => frame,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview/overview'), 'OverviewPage'),
})

const report = createRoute({
  getParentRoute: () => frame,
  path: '/report',
  component: lazyRouteComponent(() => import('./pages/report/report'), 'ReportPage'),
})

const licenses = createRoute({
  getParentRoute: () => frame,
  path: '/licenses',
  validateSearch: readTabSearch,
  component: lazyRouteComponent(() => import('./pages/licenses/licenses'), 'LicensesPage'),
})

const users = createRoute({
  getParentRoute: () => frame,
  path: '/users',
  validateSearch: readUsersSearch,
  component: lazyRouteComponent(() => import('./pages/users/users'), 'UsersPage'),
})

const user = createRoute({
  getParentRoute: () => frame,
  path: '/users/$userId',
  component: lazyRouteComponent(() => import('./pages/user/user'), 'UserPage'),
})

const features = createRoute({
  getParentRoute: () => frame,
  path: '/features',
  validateSearch: readTabSearch,
  component: lazyRouteComponent(() => import('./pages/features/features'), 'FeaturesPage'),
})

const feature = createRoute({
  getParentRoute: () => frame,
  path: '/features/$featureId',
  component: lazyRouteComponent(() => import('./pages/features/feature'), 'FeaturePage'),
})

const teams = createRoute({
  getParentRoute: () => frame,
  path: '/teams',
  component: lazyRouteComponent(() => import('./pages/teams/teams'), 'TeamsPage'),
})

const oncall = createRoute({
  getParentRoute: () => frame,
  path: '/on-call',
  component: lazyRouteComponent(() => import('./pages/oncall/oncall'), 'OncallPage'),
})

const recommendations = createRoute({
  getParentRoute: () => frame,
  path: '/recommendations',
  validateSearch: readRecommendationsSearch,
  component: lazyRouteComponent(
    () => import('./pages/recommendations/recommendations'),
    'RecommendationsPage',
  ),
})

const sync = createRoute({
  getParentRoute: () => frame,
  path: '/sync',
  validateSearch: readSyncSearch,
  component: lazyRouteComponent(() => import('./pages/sync/sync'), 'SyncPage'),
})

const connections = createRoute({
  getParentRoute: () => frame,
  path: '/connections',
  component: lazyRouteComponent(() => import('./pages/connections/connections'), 'ConnectionsPage'),
})

const settings = createRoute({
  getParentRoute: () => frame,
  path: '/settings',
  validateSearch: readTabSearch,
  component: lazyRouteComponent(() => import('./pages/settings/settings'), 'SettingsPage'),
})

const routeTree = root.addChildren([
  signIn,
  invite,
  inviteDone,
  frame.addChildren([
    overview,
    report,
    licenses,
    users,
    user,
    features,
    feature,
    teams,
    oncall,
    recommendations,
    sync,
    connections,
    settings,
  ]),
])

export function createAppRouter(cache: QueryClient) {
  return createRouter({
    routeTree,
    context: { cache },
    parseSearch: readSearch,
    stringifySearch: writeSearch,
    defaultPreload: 'intent',
    defaultPendingMs: 300,
    scrollRestoration: true,
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>
  }
}
