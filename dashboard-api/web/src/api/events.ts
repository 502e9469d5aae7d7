// Live progress: the server's event stream is written into the cache that the pages read.
import { useDocumentVisibility } from '@mantine/hooks'
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ANSWERS } from './keys'
import { connectionsQuery } from './queries'
import type { Connection, Sync } from './types'

/** A browser gives up on a stream that answered with an error; we ask again after this pause. */
const REOPEN_MS = 10_000

/**
 * Follows a connection while the tab is visible: browsers allow six streams per origin over
 * HTTP/1.1, so forgotten tabs must not hold one.
 */
export function useConnectionEvents(id: string | undefined): void {
  const cache = useQueryClient()
  const visible = useDocumentVisibility() === 'visible'
  const [attempt, setAttempt] = useState(0)

  useEffect(() => {
    if (id === undefined || !visible) return undefined
    const stream = new EventSource(`/api/v1/connections/${encodeURIComponent(id)}/events`)
    let reopening: number | undefined
    stream.addEventListener('sync', (event: MessageEvent<string>) => {
      applySync(cache, id, event.data)
    })
    stream.addEventListener('generation', () => {
      void cache.invalidateQueries({ queryKey: [ANSWERS] })
      void cache.invalidateQueries({ queryKey: connectionsQuery.queryKey })
    })
    stream.addEventListener('error', () => {
      if (stream.readyState !== EventSource.CLOSED) return
      reopening = window.setTimeout(() => {
        setAttempt((count) => count + 1)
      }, REOPEN_MS)
    })
    return () => {
      window.clearTimeout(reopening)
      stream.close()
    }
  }, [cache, id, visible, attempt])
}

function applySync(cache: QueryClient, id: string, text: string): void {
  const sync = JSON.parse(text) as Sync
  cache.setQueryData(connectionsQuery.queryKey, (known) => known?.map(withSync))

  function withSync(connection: Connection): Connection {
    return connection.id === id ? { ...connection, sync } : connection
  }
}
