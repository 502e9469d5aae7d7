// One feature: what counts, who may use it, who does, by team, license and month.
import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { featureQuery, type FeatureDetail, type Share } from '../../api/features'
import { useReading } from '../../frame/reading'
import { Answered } from '../../parts/answered'
import { VerdictBar } from '../../parts/bars'
import { Fact, Facts } from '../../parts/facts'
import { Notice } from '../../parts/notice'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Stat } from '../../parts/stat'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { VerdictLegend } from '../../parts/verdict-legend'
import { datasetLabel } from '../../words/datasets'
import { areaLabel } from '../../words/features'
import { count, humanize, percent, share } from '../../words/format'
import { VERDICTS } from '../../words/verdicts'
import { MonthlyPanel } from './monthly'

const route = getRouteApi('/frame/features/$featureId')

export function FeaturePage() {
  const { featureId } = route.useParams()
  const query = useQuery(featureQuery(featureId, useReading()))
  return (
    <Answered
      title={query.data?.name ?? 'Feature'}
      subtitle={query.data === undefined ? '' : areaLabel(query.data.area)}
      query={query}
      skeleton={<Skeleton height={480} />}
      aside={<Link to="/features">All features</Link>}
    >
      {(feature) => <FeatureContent feature={feature} />}
    </Answered>
  )
}

function FeatureContent({ feature }: { feature: FeatureDetail }) {
  return (
    <>
      {feature.unknown > 0 && feature.unknown_reason != null && (
        <Notice tone="warn" title={`Unknown for ${count(feature.unknown)} seats`}>
          <p>{feature.unknown_reason}</p>
        </Notice>
      )}
      <Figures feature={feature} />
      <Panel title="Definition" aside={<VerdictLegend />}>
        <div className={parts.stack}>
          <p>{feature.definition}</p>
          <VerdictBar feature={feature} height={14} />
          <Facts>
            <Fact name="Area">{areaLabel(feature.area)}</Fact>
            <Fact name="Counted per">{humanize(feature.granularity)}</Fact>
            <Fact name="Read from">{feature.datasets.map(datasetLabel).join(', ')}</Fact>
          </Facts>
        </div>
      </Panel>
      <MonthlyPanel monthly={feature.monthly} />
      <div className={parts.columns}>
        <Shares title="By team" rows={feature.by_team} searchOf={(id) => ({ team: id, feature: feature.id })} />
        <Shares title="By license" rows={feature.by_license} searchOf={(id) => ({ license: id, feature: feature.id })} />
      </div>
    </>
  )
}

function Figures({ feature }: { feature: FeatureDetail }) {
  const eligible = feature.used + feature.unused + feature.unknown
  return (
    <section className={parts.figures} aria-label="Key figures">
      <Stat
        label="Adoption"
        of="adoption"
        value={`${feature.unknown > 0 && feature.used > 0 ? '≥ ' : ''}${share(feature.used, eligible)}`}
        note={`of ${count(eligible)} eligible`}
      />
      {VERDICTS.map(({ id, label }) => (
        <Stat
          key={id}
          label={label}
          of="adoption"
          value={count(feature[id])}
          note="seats"
          to={{ to: '/users', search: { feature: feature.id, verdict: id } }}
          tone={id === 'unknown' && feature.unknown > 0 ? 'unknown' : 'plain'}
        />
      ))}
      <Stat label="Uses" of="uses" value={count(feature.uses)} note="single uses" />
    </section>
  )
}

interface SharesProps {
  title: string
  rows: Share[]
  searchOf: (id: string) => { team?: string; license?: string; feature: string }
}

function Shares({ title, rows, searchOf }: SharesProps) {
  return (
    <Panel title={title} flush>
      <Table label={title} compact>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className={cells.numeric}>
              Used
            </th>
            <th scope="col" className={cells.numeric}>
              Eligible
            </th>
            <th scope="col" className={cells.numeric}>
              Unknown
            </th>
            <th scope="col" className={cells.numeric}>
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <th scope="row">
                <Link to="/users" search={{ ...searchOf(row.id), verdict: 'used' }}>
                  {row.name}
                </Link>
              </th>
              <td className={cells.numeric}>{count(row.used)}</td>
              <td className={cells.numeric}>{count(row.eligible)}</td>
              <td className={cells.numeric}>{count(row.unknown)}</td>
              <td className={cells.numeric}>{row.percent == null && row.unknown > 0 ? '?' : percent(row.percent)}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}
