// Where the person is load-bearing, and what shows presence without being use.
import type { UserDetail } from '../../api/types'
import { Badge } from '../../parts/badge'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { humanize, instant, list, plural } from '../../words/format'
import classes from './user.module.css'

export function DependsOn({ user }: { user: UserDetail }) {
  const { escalation, schedules, presence } = user
  return (
    <Panel title="What depends on this seat">
      <div className={classes.depends}>
        <section aria-label="Escalation policies">
          <h3>Escalation</h3>
          {escalation.length === 0 && <p className={parts.dim}>On no escalation policy.</p>}
          <ul>
            {escalation.map(({ policy_id: id, policy, level, sole }) => (
              <li key={`${id} ${level}`}>
                {policy}, level {level} {sole && <Badge tone="warn">only target</Badge>}
              </li>
            ))}
          </ul>
        </section>
        <section aria-label="Schedules">
          <h3>Schedules</h3>
          {schedules.length === 0 && <p className={parts.dim}>On no schedule.</p>}
          <ul>
            {schedules.map(({ id, name, next_shift_at: next }) => (
              <li key={id}>
                {name}, {next === null ? 'no shift within 30 days' : `next shift ${instant(next)}`}
              </li>
            ))}
          </ul>
        </section>
        <section aria-label="Presence">
          <h3>Presence, which is not use</h3>
          <p>{presenceWords(presence)}</p>
        </section>
      </div>
    </Panel>
  )
}

function presenceWords(presence: UserDetail['presence']): string {
  const { contact_method_types: types, downloaded_mobile_app: app, subscriptions } = presence
  const contacts = types.length === 0 ? 'no contact method' : list([...new Set(types.map(contactWords))])
  const appWords = app === null ? 'mobile app unknown' : app ? 'mobile app installed' : 'no mobile app'
  return `${contacts}; ${appWords}; ${plural(subscriptions, 'subscription', 'subscriptions')}.`
}

const contactWords = (type: string): string =>
  humanize(type.replace(/_contact_method(_reference)?$/, '')).toLowerCase()
