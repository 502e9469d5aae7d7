// The recommendations, one row each; what stands in the way is part of the row.
import { Link, useNavigate } from '@tanstack/react-router'
import type { Recommendation } from '../../api/recommendations'
import { Badge } from '../../parts/badge'
import { Check } from '../../parts/check'
import { Hint, HintText } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { date, NO_FIGURE, plural } from '../../words/format'
import { money } from '../../words/money'
import { CONFIDENCE, kindWords, realizableWords, stateWords, subjectOf } from '../../words/recommendations'
import { Blockers } from './blockers'
import { QuickDecision } from './quick-decision'
import classes from './recommendations.module.css'

interface Props {
  rows: Recommendation[]
  chosen: ReadonlySet<string>
  /** Null for those who may not decide. */
  onChoose: ((chosen: ReadonlySet<string>) => void) | null
}

export function RecommendationTable({ rows, chosen, onChoose }: Props) {
  const all = rows.every(({ id }) => chosen.has(id))
  return (
    <Panel title={plural(rows.length, 'row', 'rows')} flush>
      <Table label="Recommendations">
        <thead>
          <tr>
            {onChoose && (
              <th scope="col" className={classes.tick}>
                <Check
                  hidden
                  checked={all}
                  partial={!all && chosen.size > 0}
                  onChange={(on) => {
                    onChoose(new Set(on ? rows.map(({ id }) => id) : []))
                  }}
                >
                  Choose all rows
                </Check>
              </th>
            )}
            <th scope="col">Recommendation</th>
            <th scope="col">License</th>
            <th scope="col" className={cells.numeric}>
              <Hint of="saving">Saving / month</Hint>
            </th>
            <th scope="col" className={cells.numeric}>
              / year
            </th>
            <th scope="col">
              <Hint of="realizable">Realizable</Hint>
            </th>
            <th scope="col">
              <Hint of="confidence">Confidence</Hint>
            </th>
            <th scope="col">State</th>
            <th scope="col">
              <span className="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.id} row={row} chosen={chosen} onChoose={onChoose} />
          ))}
        </tbody>
      </Table>
    </Panel>
  )
}

function Row({ row, chosen, onChoose }: { row: Recommendation } & Omit<Props, 'rows'>) {
  const toggle = (on: boolean) => {
    const next = new Set(chosen)
    if (on) next.add(row.id)
    else next.delete(row.id)
    onChoose?.(next)
  }
  return (
    <tr data-chosen={chosen.has(row.id)}>
      {onChoose && (
        <td className={classes.tick}>
          <Check hidden checked={chosen.has(row.id)} onChange={toggle}>
            Choose {subjectOf(row)}
          </Check>
        </td>
      )}
      <th scope="row" className={classes.what}>
        <Title row={row} />
        <p className={cells.definition}>
          {row.sentence} <Details id={row.id} name={subjectOf(row)} records={row.evidence_count} />
        </p>
        <Blockers blockers={row.blockers} />
      </th>
      <td>{licenseOf(row)}</td>
      <td className={cells.numeric}>{money(row.saving_monthly, row.currency)}</td>
      <td className={cells.numeric}>{money(row.saving_yearly, row.currency)}</td>
      <td className={cells.nowrap}>{row.saving_monthly == null ? NO_FIGURE : realizableWords(row.realizable)}</td>
      <td>
        <HintText text={CONFIDENCE[row.confidence]}>{row.confidence}</HintText>
      </td>
      <td>
        <State row={row} />
      </td>
      <td>
        <div className={classes.rowActions}>{onChoose && <QuickDecision row={row} />}</div>
      </td>
    </tr>
  )
}

function Title({ row }: { row: Recommendation }) {
  const kind = kindWords(row.kind)
  return (
    <span className={classes.title}>
      <HintText text={kind.definition}>
        <Badge tone={kind.tone}>{kind.label}</Badge>
      </HintText>
      {row.user === null ? (
        subjectOf(row)
      ) : (
        <Link to="/users/$userId" params={{ userId: row.user.id }}>
          {row.user.name}
        </Link>
      )}
    </span>
  )
}

function State({ row }: { row: Recommendation }) {
  const words = stateWords(row.state)
  return (
    <>
      <Badge tone={words.tone}>{words.label}</Badge>
      {row.state === 'accepted' && <p className={cells.dim}>done when a sync sees it</p>}
      {row.verified_at !== null && <p className={cells.dim}>seen {date(row.verified_at)}</p>}
      {row.until !== null && <p className={cells.dim}>until {date(row.until)}</p>}
      {row.reason !== '' && <p className={cells.dim}>{row.reason}</p>}
    </>
  )
}

function Details({ id, name, records }: { id: string; name: string; records: number }) {
  const navigate = useNavigate()
  return (
    <button
      type="button"
      className={parts.linkButton}
      aria-label={`Evidence (${records}) for ${name}`}
      onClick={() => {
        void navigate({ to: '/recommendations', search: (search) => ({ ...search, open: id }) })
      }}
    >
      Evidence ({records})
    </button>
  )
}

function licenseOf({ license, to_license: to }: Recommendation): string {
  if (license === null) return NO_FIGURE
  return to === null ? license.name : `${license.name} → ${to.name}`
}
