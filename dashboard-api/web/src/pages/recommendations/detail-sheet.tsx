// The proof of one recommendation: rule, records, blockers, what was decided, and all of it as a file.
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { address } from '../../api/client'
import { recommendationQuery, type RecommendationDetail } from '../../api/recommendations'
import { useMay } from '../../frame/role'
import { Badge } from '../../parts/badge'
import { Sheet } from '../../parts/dialog'
import { Fact, Facts } from '../../parts/facts'
import { Loaded } from '../../parts/loaded'
import parts from '../../parts/parts.module.css'
import { instant, plural, textOr } from '../../words/format'
import { money } from '../../words/money'
import { CONFIDENCE, DECISIONS, kindWords, realizableWords, stateWords, subjectOf } from '../../words/recommendations'
import { Blockers } from './blockers'
import { DecisionButton } from './decision'
import { ProofList } from './proofs'
import classes from './recommendations.module.css'

const route = getRouteApi('/frame/recommendations')

export function DetailSheet() {
  const { open } = route.useSearch()
  const navigate = useNavigate()
  const query = useQuery({ ...recommendationQuery(open ?? ''), enabled: open !== undefined })
  return (
    <Sheet
      open={open !== undefined}
      onClose={() => {
        void navigate({ to: '/recommendations', search: (search) => ({ ...search, open: undefined }) })
      }}
      title={query.data ? `${kindWords(query.data.kind).label}: ${subjectOf(query.data)}` : 'Recommendation'}
    >
      {open !== undefined && (
        <Loaded query={query} label="the recommendation" height={320}>
          {(detail) => <Detail detail={detail} />}
        </Loaded>
      )}
    </Sheet>
  )
}

function Detail({ detail }: { detail: RecommendationDetail }) {
  const mayDecide = useMay('analyst')
  const state = stateWords(detail.state)
  const bundle = `/recommendations/${encodeURIComponent(detail.id)}/bundle` as const
  return (
    <>
      <p>{detail.sentence}</p>
      <Blockers blockers={detail.blockers} />
      {mayDecide && (
        <div className={classes.rowActions}>
          {detail.state !== 'done' &&
            DECISIONS.filter((decision) => decision.state !== detail.state).map((decision) => (
              <DecisionButton key={decision.state} state={decision.state} rows={[detail]} />
            ))}
        </div>
      )}
      <Facts>
        <Fact name="State">
          <Badge tone={state.tone}>{state.label}</Badge>
        </Fact>
        <Fact name="Saving">
          {detail.saving_monthly === null
            ? detail.missing_price === null ? 'not counted' : 'no price entered'
            : `${money(detail.saving_monthly, detail.currency)} per month, ${realizableWords(detail.realizable)}`}
        </Fact>
        <Fact name="Rule">
          <code>{detail.rule.id}</code> version {detail.rule.version}
        </Fact>
        <Fact name="Confidence">
          {detail.confidence}: {CONFIDENCE[detail.confidence]}
        </Fact>
        <Fact name="As of">{instant(detail.as_of)}</Fact>
        {detail.user && (
          <Fact name="Person">
            <Link to="/users/$userId" params={{ userId: detail.user.id }}>
              {detail.user.name}
            </Link>
          </Fact>
        )}
      </Facts>
      <Decisions detail={detail} />
      <section aria-label="Evidence">
        <div className={classes.evidenceHead}>
          <h3>{plural(detail.evidence_count, 'record', 'records')} of evidence</h3>
          <span className={parts.downloads}>
            <a href={address(bundle)} download={`evidence-${detail.id}.json`}>
              Bundle with hashes
            </a>
            <a href={address(bundle, { format: 'csv' })} download={`evidence-${detail.id}.csv`}>
              CSV
            </a>
          </span>
        </div>
        <ProofList proofs={detail.evidence} />
      </section>
    </>
  )
}

function Decisions({ detail }: { detail: RecommendationDetail }) {
  if (detail.history.length === 0) return null
  return (
    <section aria-label="What was decided">
      <h3>What was decided</h3>
      <ol className={classes.history}>
        {detail.history.map((event) => (
          <li key={`${event.at} ${event.to}`}>
            <span>{instant(event.at)}</span> {stateWords(event.to).label} by {textOr(event.by, 'a later sync')}
            {event.reason !== '' && `: ${event.reason}`}
          </li>
        ))}
      </ol>
    </section>
  )
}
