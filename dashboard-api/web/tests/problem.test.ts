import { describe, expect, it, vi } from 'vitest'
import { address, signIn, write } from '../src/api/client'
import { ApiProblem, asProblem, isFirstRun, mayRetry, problemOf } from '../src/api/problem'

function answer(status: number, body: string, headers: Record<string, string> = {}): Response {
  return new Response(body, { status, headers })
}

function problemJson(status: number, parts: object): Response {
  return answer(status, JSON.stringify(parts), { 'content-type': 'application/problem+json' })
}

describe('a problem', () => {
  it('carries title, detail and request id of the answer', async () => {
    const problem = await problemOf(
      problemJson(409, { type: 'sync-running', title: 'busy', detail: 'wait', request_id: 'r1' }),
    )
    expect(problem).toMatchObject({ title: 'busy', detail: 'wait', requestId: 'r1', status: 409 })
  })

  it('of a proxy that answers with HTML has the status and the id of the header', async () => {
    const problem = await problemOf(answer(502, '<html>', { 'x-request-id': 'edge-1' }))
    expect(problem).toMatchObject({ title: 'Unexpected answer (502)', requestId: 'edge-1' })
  })

  it.each(['no-generation', '/problems/no-generation', 'https://q.example/p#no-generation', 'urn:q:no-generation'])(
    'of type %s is the first run',
    async (type) => {
      expect(isFirstRun(await problemOf(problemJson(404, { type })))).toBe(true)
    },
  )

  it('of a user that does not exist is not the first run', async () => {
    expect(isFirstRun(await problemOf(problemJson(404, { type: 'not-found' })))).toBe(false)
  })

  it('stands for an answer that never came', () => {
    expect(asProblem(new TypeError('Failed to fetch')).title).toBe('The server did not answer')
  })

  it('is tried again by itself only when it may heal', () => {
    expect(mayRetry(0, new TypeError('Failed to fetch'))).toBe(true)
    expect(mayRetry(0, new ApiProblem({}, 503, null))).toBe(true)
    expect(mayRetry(0, new ApiProblem({}, 400, null))).toBe(false)
    expect(mayRetry(2, new ApiProblem({}, 503, null))).toBe(false)
  })
})

describe('the client', () => {
  it('marks mutations with the header a foreign page cannot send', async () => {
    const sent: RequestInit[] = []
    vi.stubGlobal('fetch', (_: string, request: RequestInit) => {
      sent.push(request)
      return Promise.resolve(answer(202, '{}', { 'content-type': 'application/json' }))
    })
    await write('POST', '/connections/c1/syncs')
    expect(new Headers(sent[0]?.headers).get('X-Requested-With')).toBe('quolum')
    vi.unstubAllGlobals()
  })

  it('leaves out parameters without a value, which the server would refuse', () => {
    expect(address('/users', { window: 90, team: undefined, q: '' })).toBe('/api/v1/users?window=90')
  })

  it('throws the problem of a refused sign-in', async () => {
    vi.stubGlobal('fetch', () => Promise.resolve(problemJson(401, { title: 'link refused' })))
    await expect(signIn('used')).rejects.toMatchObject({ title: 'link refused', status: 401 })
    vi.unstubAllGlobals()
  })
})
