// The one way out to the server. Mutations carry the header that a foreign page cannot send.
import createClient, { type Middleware } from 'openapi-fetch'
import { problemOf } from './problem'
import type { paths } from './schema'

const SAFE_METHODS = new Set(['GET', 'HEAD'])

const guard: Middleware = {
  onRequest({ request }) {
    if (!SAFE_METHODS.has(request.method)) request.headers.set('X-Requested-With', 'quolum')
    return request
  },
  async onResponse({ response }) {
    if (!response.ok) throw await problemOf(response)
    return response
  },
}

export const api = createClient<paths>({
  baseUrl: window.location.origin,
  fetch: (request) => window.fetch(request),
})
api.use(guard)

/** The body of an answer that the guard has let through. */
export async function body<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call
  if (data === undefined) throw new Error('the answer has no body')
  return data
}

async function postPage(path: string, json?: unknown): Promise<void> {
  const response = await window.fetch(path, {
    method: 'POST',
    headers: {
      'X-Requested-With': 'quolum',
      ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  if (!response.ok) throw await problemOf(response)
}

/** Exchanges the one-time token of a sign-in link for a session cookie. */
export const signIn = (token: string): Promise<void> => postPage('/sign-in', { token })

export const signOut = (): Promise<void> => postPage('/sign-out')
