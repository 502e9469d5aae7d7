// The next page of a list that is read to its end.
import { Button } from '@mantine/core'
import { ProblemPanel } from './problem-panel'

interface Props {
  query: {
    hasNextPage: boolean
    isFetchingNextPage: boolean
    isFetchNextPageError: boolean
    error: Error | null
    fetchNextPage: () => unknown
  }
}

export function MoreButton({ query }: Props) {
  if (query.isFetchNextPageError) {
    return <ProblemPanel error={query.error} onRetry={query.fetchNextPage} />
  }
  if (!query.hasNextPage) return null
  return (
    <div>
      <Button
        size="xs"
        variant="default"
        loading={query.isFetchingNextPage}
        onClick={() => {
          void query.fetchNextPage()
        }}
      >
        Show more
      </Button>
    </div>
  )
}
