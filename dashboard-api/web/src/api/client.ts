// The one way out to the server. Mutations carry the header that a foreign page cannot send.
import { problemOf } from './problem'
import type { paths } from './schema'

/** A path of the schema with its parameters filled in. */
type Filled<Path> = Path extends `${infer Before}{${string}}${infer After}`
  ? `${Before}${string}${Filled<After>}`
  : Path
type BelowApi<Path> = Path extends `/api/v1${infer Rest}` ? Filled<Rest> : never

/** The paths that the server has, without the version in front. */
export type ApiPath = BelowApi<keyof paths>

export type Query = Record<string, string | number | boolean | undefined>
export type Method = 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The address of a read; a parameter without a value is left out, as the server refuses unknown ones. */
export function address(path: ApiPath, query: Query = {}): string {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== '') params.set(name, `${value}`)
  }
  const text = params.toString()
  return `/api/v1${path}${text === '' ? '' : `?${text}`}`
}

/** A read whose shape the caller names. */
export async function read<T>(path: ApiPath, query: Query, signal: AbortSignal): Promise<T> {
  const response = await window.fetch(address(path, query), { signal })
  if (!response.ok) throw await problemOf(response)
  return (await response.json()) as T
}

/** A change; the answer's body, or nothing when the server sends none. */
export async function write<T = void>(method: Method, path: ApiPath, json?: unknown): Promise<T> {
  return answerOf<T>(await send(method, `/api/v1${path}`, json))
}

/** The same for the pages outside the API: sign-in, sign-out, invitations. */
export async function postPage<T = void>(path: string, json?: unknown): Promise<T> {
  return answerOf<T>(await send('POST', path, json))
}

async function send(method: Method, path: string, json: unknown): Promise<Response> {
  const response = await window.fetch(path, {
    method,
    headers: {
      'X-Requested-With': 'quolum',
      ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  })
  if (!response.ok) throw await problemOf(response)
  return response
}

async function answerOf<T>(response: Response): Promise<T> {
  const text = await response.text()
  return (text === '' ? undefined : JSON.parse(text)) as T
}

/** Exchanges the one-time token of a sign-in link for a session cookie. */
export const signIn = (token: string): Promise<void> => postPage('/sign-in', { token })

export const signOut = (): Promise<void> => postPage('/sign-out')
