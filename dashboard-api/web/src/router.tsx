// The routes, and what of their state lives in the address: period, filters and sort.
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
import { readFrameSearch, readSearch, readUsersSearch, writeSearch } from './frame/search'
import { NotFoundPage } from './pages/not-found'
import { SignInPage } from './pages/sign-in'
import { FullPageProblem } from './parts/problem-panel'

interface RouterContext {
  cache: QueryClient
}

const root = createRootRouteWithContext<RouterContext>()({
  component: Outlet,
  errorComponent: FullPageProblem,
  notFoundComponent: NotFoundPage,
})

const signIn = createRoute({ getParentRoute: () => root, path: '/sign-in', component: SignInPage })

const frame = createRoute({
  getParentRoute: () => root,
  id: 'frame',
  validateSearch: readFrameSearch,
  search: { middlewares: [retainSearchParams(['window'])] },
  beforeLoad: async ({ context }) => {
    try {
      await context.cache.query({ ...sessionQuery, staleTime: 'static' })
    } catch (error) {
      if (error instanceof ApiProblem && error.status === 401) throw redirect({ to: '/sign-in' })
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
  component: lazyRouteComponent(() => import('./pages/features'), 'FeaturesPage'),
})

const licenses = createRoute({
  getParentRoute: () => frame,
  path: '/licenses',
  component: lazyRouteComponent(() => import('./pages/licenses'), 'LicensesPage'),
})

const connections = createRoute({
  getParentRoute: () => frame,
  path: '/connections',
  component: lazyRouteComponent(() => import('./pages/connections/connections'), 'ConnectionsPage'),
})

const routeTree = root.addChildren([
  signIn,
  frame.addChildren([overview, users, user, features, licenses, connections]),
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
