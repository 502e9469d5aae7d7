// What a recommendation rests on: what was found last, and the datasets that prove there is nothing else.
import { useQuery } from '@tanstack/react-query'
import { featuresQuery } from '../../api/queries'
import type { Proof } from '../../api/recommendations'
import { usePeriod } from '../../frame/reading'
import { DatasetMark } from '../../parts/dataset-mark'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { classLabel } from '../../words/classes'
import { coverageWords, datasetLabel } from '../../words/datasets'
import { featureName } from '../../words/features'
import { hours, instant, plural } from '../../words/format'

type Coverage = Extract<Proof, { kind: 'coverage' }>

export function ProofList({ proofs }: { proofs: Proof[] }) {
  const coverages = proofs.filter((proof): proof is Coverage => proof.kind === 'coverage')
  const found = proofs.filter((proof) => proof.kind !== 'coverage')
  return (
    <>
      <FoundTable proofs={found} />
      {coverages.length > 0 && <CoverageTable coverages={coverages} />}
    </>
  )
}

function FoundTable({ proofs }: { proofs: Exclude<Proof, Coverage>[] }) {
  const { data: catalogue } = useQuery(featuresQuery({ window: usePeriod() }))
  return (
    <Table label="What was found" compact>
      <thead>
        <tr>
          <th scope="col">Found</th>
          <th scope="col">When</th>
        </tr>
      </thead>
      <tbody>
        {proofs.map((proof, index) => (
          // The list is fixed; two of its entries may say the same.
          <tr key={`${proof.kind} ${index}`}>
            <th scope="row">{foundWords(proof, (id) => featureName(id, catalogue?.data))}</th>
            <td className={cells.nowrap}>{'at' in proof ? instant(proof.at) : ''}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}

function foundWords(proof: Exclude<Proof, Coverage>, nameOf: (feature: string) => string): string {
  switch (proof.kind) {
    case 'seat':
      return `The seat is ${classLabel(proof.class).toLowerCase()} over ${plural(proof.window_days, 'day', 'days')}; allocated`
    case 'last_use':
      return `Last use of ${nameOf(proof.feature)}`
    case 'accepted_blind_spot':
      return `Judged without ${datasetLabel(proof.dataset).toLowerCase()}, an accepted blind spot`
    case 'load':
      return `${hours(proof.duty_seconds)} on duty, ${plural(proof.notifications, 'notification', 'notifications')}, ${proof.acknowledgements} acknowledged`
    case 'addon':
      return `${plural(proof.objects, 'object', 'objects')} exist; last used or changed`
  }
}

function CoverageTable({ coverages }: { coverages: Coverage[] }) {
  return (
    <Table label="What proves that there is nothing else" compact>
      <thead>
        <tr>
          <th scope="col">Proved by</th>
          <th scope="col">State</th>
          <th scope="col">Coverage</th>
        </tr>
      </thead>
      <tbody>
        {coverages.map((coverage) => (
          <tr key={coverage.dataset}>
            <th scope="row">{datasetLabel(coverage.dataset)}</th>
            <td>
              <DatasetMark state={coverage.state} />
            </td>
            <td className={cells.dim}>{coverageWords(coverage)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  )
}
