// What to do about the waste: each with its proof, what stands in the way, what it saves, and a decision.
import { Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import {
  recommendationsQuery,
  type Recommendation,
  type RecommendationFilter,
} from '../../api/recommendations'
import { useReading } from '../../frame/reading'
import { useMay } from '../../frame/role'
import { Answered } from '../../parts/answered'
import { EmptyState } from '../../parts/empty-state'
import { MoreButton } from '../../parts/more-button'
import parts from '../../parts/parts.module.css'
import { BulkBar } from './bulk-bar'
import { DetailSheet } from './detail-sheet'
import { RecommendationFilters } from './filters'
import { RecommendationTable } from './recommendation-table'
import { SavingFigures } from './saving-figures'

const route = getRouteApi('/frame/recommendations')

export function RecommendationsPage() {
  const { window, team } = useReading()
  const { kind, state, confidence, order } = route.useSearch()
  const filter: RecommendationFilter = {
    ...(kind === undefined ? {} : { kind }),
    ...(state === 'all' ? {} : { state: state ?? 'open' }),
    ...(confidence === undefined ? {} : { confidence }),
    ...(team === undefined ? {} : { team }),
    ...(order === undefined ? {} : { sort: order }),
  }
  const query = useInfiniteQuery(recommendationsQuery(filter))
  const first = query.data?.pages[0]
  const rows = query.data?.pages.flatMap(({ data }) => data) ?? []
  return (
    <Answered
      title="Recommendations"
      subtitle="What can be saved, with the proof and what stands in the way"
      query={{ ...query, data: first && { ...first, window_days: window } }}
      skeleton={<Skeleton height={480} />}
    >
      {({ total }) => (
        <div className={parts.stack}>
          <SavingFigures />
          <RecommendationFilters filter={filter} total={total} />
          <Rows rows={rows} filtered={kind !== undefined || confidence !== undefined || state !== undefined} />
          <MoreButton query={query} />
          <DetailSheet />
        </div>
      )}
    </Answered>
  )
}

function Rows({ rows, filtered }: { rows: Recommendation[]; filtered: boolean }) {
  const mayDecide = useMay('analyst')
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  if (rows.length === 0) return <Nothing filtered={filtered} />
  const shown = rows.filter(({ id }) => chosen.has(id))
  return (
    <>
      {mayDecide && shown.length > 0 && (
        <BulkBar
          chosen={shown}
          onDone={() => {
            setChosen(new Set())
          }}
        />
      )}
      <RecommendationTable rows={rows} chosen={chosen} onChoose={mayDecide ? setChosen : null} />
    </>
  )
}

function Nothing({ filtered }: { filtered: boolean }) {
  return (
    <EmptyState title={filtered ? 'Nothing matches these filters' : 'Nothing to recommend'}>
      <p>
        {filtered
          ? 'The filters are part of the address; choose another kind or state.'
          : 'No seat and no add-on is provably unused. Where a source is missing nothing is recommended.'}
      </p>
    </EmptyState>
  )
}
