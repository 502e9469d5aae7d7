// Sources the organization decided to do without; every page that rests on that says so.
import { datasetLabel } from '../words/datasets'
import { list } from '../words/format'
import { Notice } from './notice'

export function BlindSpots({ accepted }: { accepted: readonly string[] }) {
  if (accepted.length === 0) return null
  return (
    <Notice tone="plain" title={`Accepted blind spot: ${list(accepted.map(datasetLabel))}`}>
      <p>
        This organization judges seats without it. A use that only this source could show is not seen.
      </p>
    </Notice>
  )
}
