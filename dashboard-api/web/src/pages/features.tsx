// The catalogue: what counts as use of each feature, and how many seats do.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { featuresQuery } from '../api/queries'
import type { Feature } from '../api/types'
import { usePeriod } from '../frame/period'
import { Answered } from '../parts/answered'
import { VerdictBar } from '../parts/bars'
import { Hint, HintText } from '../parts/hint'
import { Panel } from '../parts/panel'
import { Table } from '../parts/table'
import cells from '../parts/table.module.css'
import { VerdictLegend } from '../parts/verdict-legend'
import { datasetLabel } from '../words/datasets'
import { areaLabel, byArea } from '../words/features'
import { count, humanize } from '../words/format'
import { VERDICTS } from '../words/verdicts'

const COLUMNS = 8

export function FeaturesPage() {
  const query = useQuery(featuresQuery(usePeriod()))
  return (
    <Answered
      title="Features"
      subtitle="What counts as use, and how many seats use it"
      query={query}
      skeleton={<Skeleton height={560} />}
    >
      {({ data }) => (
        <Panel title={`${count(data.length)} features`} aside={<VerdictLegend />} flush>
          <Table label="Features and their use">
            <FeatureHead />
            <tbody>
              {byArea(data).map((group) => (
                <Fragment key={group.area}>
                  <tr className={cells.groupRow}>
                    <th scope="rowgroup" colSpan={COLUMNS}>
                      {areaLabel(group.area)}
                    </th>
                  </tr>
                  {group.features.map((feature) => (
                    <FeatureRow key={feature.id} feature={feature} />
                  ))}
                </Fragment>
              ))}
            </tbody>
          </Table>
        </Panel>
      )}
    </Answered>
  )
}

function FeatureHead() {
  return (
    <thead>
      <tr>
        <th scope="col">Feature and definition</th>
        <th scope="col">
          <Hint of="adoption">Adoption</Hint>
        </th>
        {VERDICTS.map(({ id, label, definition }) => (
          <th scope="col" key={id} className={cells.numeric}>
            <HintText text={definition}>{label}</HintText>
          </th>
        ))}
        <th scope="col" className={cells.numeric}>
          <Hint of="uses">Uses</Hint>
        </th>
        <th scope="col">Read from</th>
      </tr>
    </thead>
  )
}

function FeatureRow({ feature }: { feature: Feature }) {
  const unread = feature.used + feature.unused === 0 && feature.unknown > 0
  return (
    <tr>
      <th scope="row" className={cells.wideCell}>
        {feature.name}
        <p className={cells.definition}>{feature.definition}</p>
        {feature.unknown_reason != null && feature.unknown > 0 && (
          <p className={cells.unknownReason}>Unknown: {feature.unknown_reason}</p>
        )}
      </th>
      <td className={cells.barCell}>
        <VerdictBar feature={feature} />
      </td>
      {VERDICTS.map(({ id }) => (
        <td key={id} className={cells.numeric}>
          {unread && (id === 'used' || id === 'unused') ? '?' : count(feature[id])}
        </td>
      ))}
      <td className={cells.numeric}>{unread ? '?' : count(feature.uses)}</td>
      <td className={cells.source}>
        {feature.datasets.map(datasetLabel).join(', ')}
        <br />
        per {humanize(feature.granularity).toLowerCase()}
      </td>
    </tr>
  )
}
