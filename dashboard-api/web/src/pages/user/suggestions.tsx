// What is recommended for this seat, with the reasons for and against side by side.
import { Link } from '@tanstack/react-router'
import type { Recommendation } from '../../api/recommendations'
import type { UserDetail } from '../../api/types'
import { Badge } from '../../parts/badge'
import { HintText } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { classDefinition } from '../../words/classes'
import { money } from '../../words/money'
import { blockerLabel, CONFIDENCE, kindWords, realizableWords, stateWords } from '../../words/recommendations'
import classes from './user.module.css'

export function Suggestions({ user }: { user: UserDetail }) {
  const { recommendations } = user
  return (
    <Panel title="Recommendation">
      {recommendations.length === 0 ? (
        <p className={parts.dim}>
          Nothing is recommended. {classDefinition(user.class)}
        </p>
      ) : (
        recommendations.map((recommendation) => (
          <Suggestion key={recommendation.id} recommendation={recommendation} />
        ))
      )}
    </Panel>
  )
}

function Suggestion({ recommendation }: { recommendation: Recommendation }) {
  const kind = kindWords(recommendation.kind)
  return (
    <article className={classes.suggestion}>
      <p className={classes.suggestionHead}>
        <HintText text={kind.definition}>
          <Badge tone={kind.tone}>{kind.label}</Badge>
        </HintText>
        <span>{stateWords(recommendation.state).label}</span>
        <Link to="/recommendations" search={{ open: recommendation.id, state: 'all' }}>
          Evidence and decision
        </Link>
      </p>
      <div className={classes.scales}>
        <div>
          <h3>For</h3>
          <ul>
            <li>{recommendation.sentence}</li>
            <li>{CONFIDENCE[recommendation.confidence]}</li>
            {recommendation.saving_monthly !== null && (
              <li>
                Saves {money(recommendation.saving_monthly, recommendation.currency)} per month,{' '}
                {realizableWords(recommendation.realizable)}.
              </li>
            )}
          </ul>
        </div>
        <div>
          <h3>Against</h3>
          <ul>
            {recommendation.blockers.map((blocker) => (
              <li key={`${blocker.id} ${blocker.words}`}>
                {blockerLabel(blocker.id)}: {blocker.words}
              </li>
            ))}
            {recommendation.blockers.length === 0 && <li>Nothing depends on this seat.</li>}
          </ul>
        </div>
      </div>
    </article>
  )
}
