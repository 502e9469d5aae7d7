// The providers around the pages: color scheme, cache, routes.
import { MantineProvider } from '@mantine/core'
import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { ApiProblem, mayRetry } from './api/problem'
import { createAppRouter } from './router'
import { theme } from './theme'

const cache = new QueryClient({
  queryCache: new QueryCache({ onError: leaveWhenSignedOut }),
  defaultOptions: { queries: { retry: mayRetry, refetchOnWindowFocus: false } },
})
const router = createAppRouter(cache)

/** A session that ended while a page was open leads back to the door. */
function leaveWhenSignedOut(error: Error): void {
  if (error instanceof ApiProblem && error.status === 401) void router.navigate({ to: '/sign-in' })
}

export function App() {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={cache}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}
