// For every feature: how many seats use it, do not, cannot, or cannot be told.
import { Link } from '@tanstack/react-router'
import type { Feature } from '../../api/types'
import { VerdictBar } from '../../parts/bars'
import { Hint } from '../../parts/hint'
import { Panel } from '../../parts/panel'
import { VerdictLegend } from '../../parts/verdict-legend'
import { areaLabel, byArea } from '../../words/features'
import { count, share } from '../../words/format'
import classes from './overview.module.css'

interface Props {
  features: Feature[]
  seats: number
}

export function AdoptionBars({ features, seats }: Props) {
  const read = features.filter((feature) => feature.unknown < seats || feature.used > 0)
  const unread = features.length - read.length
  return (
    <Panel title={<Hint of="adoption">Feature adoption</Hint>} aside={<VerdictLegend />}>
      <div className={classes.areas}>
        {byArea(read).map((group) => (
          <section key={group.area} className={classes.area} aria-label={areaLabel(group.area)}>
            <h3>{areaLabel(group.area)}</h3>
            <ul>
              {group.features.map((feature) => (
                <Adoption key={feature.id} feature={feature} />
              ))}
            </ul>
          </section>
        ))}
      </div>
      {unread > 0 && (
        <p className={classes.unread}>
          {count(unread)} more {unread === 1 ? 'feature is' : 'features are'} unknown for everybody,
          because the source is not collected or not readable. <Link to="/features">See which and why</Link>
        </p>
      )}
    </Panel>
  )
}

function Adoption({ feature }: { feature: Feature }) {
  const eligible = feature.used + feature.unused + feature.unknown
  return (
    <li className={classes.adoption}>
      <Link to="/features/$featureId" params={{ featureId: feature.id }} title={feature.definition}>
        {feature.name}
      </Link>
      <VerdictBar feature={feature} height={12} />
      <span className={classes.adoptionFigures}>
        <strong>{count(feature.used)}</strong> used
        {(feature.unused > 0 || feature.unknown === 0) && <> · {count(feature.unused)} unused</>}
        {feature.unknown > 0 && <> · {count(feature.unknown)} unknown</>}
        <span className={classes.adoptionShare}>
          {feature.unknown > 0 && feature.used > 0 && '≥ '}
          {share(feature.used, eligible)}
        </span>
      </span>
    </li>
  )
}
