// A change asked of the server, and what has to be read again afterwards.
import { useMutation, useQueryClient, type QueryKey } from '@tanstack/react-query'

interface Effects<Output> {
  refresh: readonly QueryKey[]
  onDone?: (answer: Output) => void
}

export function useAction<Input = void, Output = void>(
  run: (input: Input) => Promise<Output>,
  { refresh, onDone }: Effects<Output>,
) {
  const cache = useQueryClient()
  return useMutation({
    mutationFn: run,
    onSuccess: async (answer) => {
      onDone?.(answer)
      await Promise.all(refresh.map((queryKey) => cache.invalidateQueries({ queryKey })))
    },
  })
}
