// Every failure of a call as one error type, so that each page can show the same four things: what
// happened, why, the request id and a way to try again.
import type { ProblemBody } from './types'

export class ApiProblem extends Error {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string | null
  readonly requestId: string | null
  readonly errors: { pointer: string; detail: string }[]

  constructor(body: ProblemBody, status: number, requestId: string | null) {
    super(body.title ?? `Unexpected answer (${status})`)
    this.name = 'ApiProblem'
    this.type = body.type ?? 'about:blank'
    this.title = this.message
    this.status = status
    this.detail = body.detail ?? null
    this.requestId = body.request_id ?? requestId
    this.errors = body.errors ?? []
  }

  /** Whether the problem's type has this slug, whatever address stands before it. */
  is(slug: string): boolean {
    return this.type.split(/[/#:]/).pop() === slug
  }
}

/** The problem an answer stands for; proxies answer with HTML, so the body may be anything. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const text = await response.text().catch(() => '')
  return new ApiProblem(parseBody(text), response.status, response.headers.get('x-request-id'))
}

function parseBody(text: string): ProblemBody {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? body : {}
  } catch {
    return {}
  }
}

/** A failure as a problem: an answer that never came has no status and no request id. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  const unreachable = {
    type: 'unreachable',
    title: 'The server did not answer',
    detail: 'Check the network connection; if other pages load, the service may be restarting.',
  }
  return new ApiProblem(unreachable, 0, null)
}

/** First run: the crunch has not finished once, so there is no figure to show yet. */
export function isFirstRun(error: unknown): boolean {
  return error instanceof ApiProblem && error.status === 404 && error.is('no-generation')
}

/** Only what may heal by itself is tried again without asking. */
export function mayRetry(failures: number, error: unknown): boolean {
  const { status } = asProblem(error)
  return failures < 2 && (status === 0 || status === 502 || status === 503 || status === 504)
}
