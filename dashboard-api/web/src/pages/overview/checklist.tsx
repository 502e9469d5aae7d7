// What is left to set up before the figures can carry a decision; gone when all of it is done.
import { Link, type LinkProps } from '@tanstack/react-router'
import { useMay } from '../../frame/role'
import { CheckIcon } from '../../parts/icons'
import { Panel } from '../../parts/panel'
import { humanize, plural } from '../../words/format'
import classes from './overview.module.css'

interface Step {
  label: string
  to: LinkProps
}

const STEPS: Record<string, Step> = {
  connected: { label: 'Connect PagerDuty', to: { to: '/connections' } },
  synchronized: { label: 'First sync complete', to: { to: '/sync' } },
  prices: { label: 'Enter the prices of the licenses', to: { to: '/licenses' } },
  contract: { label: 'Enter contract and renewal date', to: { to: '/settings', search: { tab: 'contract' } } },
  recommendations: { label: 'Decide about a first recommendation', to: { to: '/recommendations' } },
  notifications: { label: 'Choose notifications', to: { to: '/settings', search: { tab: 'notifications' } } },
}

export function Checklist({ items }: { items: readonly { id: string; done: boolean }[] }) {
  const mayChange = useMay('analyst')
  const left = items.filter(({ done }) => !done).length
  if (left === 0 || !mayChange) return null
  return (
    <Panel title={`Set up: ${plural(left, 'step', 'steps')} left`}>
      <ul className={classes.checklist}>
        {items.map(({ id, done }) => {
          const step = STEPS[id] ?? { label: humanize(id), to: { to: '/settings' } }
          return (
            <li key={id} data-done={done}>
              <span className={classes.checkMark} aria-hidden="true">
                {done && <CheckIcon />}
              </span>
              {done ? (
                <span>
                  {step.label} <span className="visually-hidden">done</span>
                </span>
              ) : (
                <Link {...step.to}>{step.label}</Link>
              )}
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
