// Every feature with its definition, its verdicts over all seats, and where it is read from.
import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import type { Feature } from '../../api/types'
import { useReading } from '../../frame/reading'
import { VerdictBar } from '../../parts/bars'
import { Downloads } from '../../parts/downloads'
import { Hint, HintText } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { VerdictLegend } from '../../parts/verdict-legend'
import { datasetLabel } from '../../words/datasets'
import { areaLabel, byArea } from '../../words/features'
import { count, humanize } from '../../words/format'
import { VERDICTS } from '../../words/verdicts'

const COLUMNS = 8

export function Catalogue({ features }: { features: Feature[] }) {
  const reading = useReading()
  return (
    <>
      <div className={parts.toolbar}>
        <VerdictLegend />
        <span className={parts.toolbarEnd}>
          <Downloads path="/features" query={{ ...reading }} label="features" />
        </span>
      </div>
      <Panel title={`${count(features.length)} features`} flush>
        <Table label="Features and their use">
          <FeatureHead />
          <tbody>
            {byArea(features).map((group) => (
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
    </>
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
        <Link to="/features/$featureId" params={{ featureId: feature.id }}>
          {feature.name}
        </Link>
        <p className={cells.definition}>{feature.definition}</p>
        {feature.unknown_reason != null && feature.unknown > 0 && (
          <p className={cells.unknownReason}>Unknown: {feature.unknown_reason}</p>
        )}
      </th>
      <td className={cells.barCell}>
        <VerdictBar feature={feature} />
      </td>
      {VERDICTS.map(({ id, label }) => (
        <td key={id} className={cells.numeric}>
          {unread && (id === 'used' || id === 'unused') ? (
            '?'
          ) : (
            <Link
              to="/users"
              search={{ feature: feature.id, verdict: id }}
              aria-label={`${count(feature[id])} ${label}, ${feature.name}: show them`}
            >
              {count(feature[id])}
            </Link>
          )}
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
