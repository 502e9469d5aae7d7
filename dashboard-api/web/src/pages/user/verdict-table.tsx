// The verdict of each feature for this seat, with the reason where nothing can be said.
import { Link } from '@tanstack/react-router'
import { Fragment } from 'react'
import type { Feature, FeatureVerdict, UserDetail } from '../../api/types'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { VerdictLegend } from '../../parts/verdict-legend'
import { VerdictMark } from '../../parts/verdict-mark'
import { areaLabel, byArea } from '../../words/features'
import { count, daysBefore, instant, NO_FIGURE, textOr } from '../../words/format'

interface Props {
  user: UserDetail
  catalogue: Feature[]
  chosen: string | null
  onChoose: (feature: string | null) => void
}

export function VerdictTable(props: Props) {
  const known = props.catalogue.filter((feature) => props.user.features[feature.id] !== undefined)
  return (
    <Panel title="Features" aside={<VerdictLegend />} flush>
      <Table label="Verdict of each feature">
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col">Verdict</th>
            <th scope="col">
              <Hint of="last_any">Last use</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              <Hint of="uses">Uses</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              Active days
            </th>
            <th scope="col">Reason</th>
            <th scope="col">
              <span className="visually-hidden">Evidence</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {byArea(known).map((group) => (
            <Fragment key={group.area}>
              <tr className={cells.groupRow}>
                <th scope="rowgroup" colSpan={7}>
                  {areaLabel(group.area)}
                </th>
              </tr>
              {group.features.map((feature) => (
                <VerdictRow key={feature.id} feature={feature} {...props} />
              ))}
            </Fragment>
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}

function VerdictRow({ feature, user, chosen, onChoose }: Props & { feature: Feature }) {
  const verdict = user.features[feature.id]
  if (verdict === undefined) return null
  const isChosen = chosen === feature.id
  return (
    <tr>
      <th scope="row">
        <Link to="/features/$featureId" params={{ featureId: feature.id }} title={feature.definition}>
          {feature.name}
        </Link>
      </th>
      <td>
        <VerdictMark of={verdict.verdict} />
      </td>
      <td className={cells.nowrap}>{lastUse(verdict, user.as_of)}</td>
      <td className={cells.numeric}>{figure(verdict, verdict.uses)}</td>
      <td className={cells.numeric}>{figure(verdict, verdict.active_days)}</td>
      <td className={cells.reason}>{reason(verdict, feature)}</td>
      <td>
        {verdict.last != null && (
          <button
            type="button"
            className={parts.linkButton}
            aria-pressed={isChosen}
            onClick={() => {
              onChoose(isChosen ? null : feature.id)
            }}
          >
            {isChosen ? 'All evidence' : 'Evidence'}
          </button>
        )}
      </td>
    </tr>
  )
}

function lastUse({ verdict, last }: FeatureVerdict, asOf: string): string {
  if (last != null) return `${instant(last)} (${count(daysBefore(last, asOf))} d)`
  return verdict === 'unused' ? 'never' : NO_FIGURE
}

/** An unknown figure is not zero. */
function figure({ verdict }: FeatureVerdict, value: number): string {
  if (verdict === 'unknown') return '?'
  return verdict === 'not_eligible' ? NO_FIGURE : count(value)
}

function reason(verdict: FeatureVerdict, feature: Feature): string {
  if (verdict.verdict === 'not_eligible') return 'the license or role cannot use it'
  if (verdict.verdict !== 'unknown') return ''
  return textOr(
    verdict.reason,
    textOr(feature.unknown_reason, 'a source is not complete for the period'),
  )
}
