// An address that leads nowhere.
import { Link } from '@tanstack/react-router'
import { EmptyState } from '../parts/empty-state'
import parts from '../parts/parts.module.css'

export function NotFoundPage() {
  return (
    <main className={parts.fullPage}>
      <h1 className="visually-hidden">Quolum for PagerDuty</h1>
      <EmptyState title="There is no such page">
        <p>
          The address may be mistyped or outdated. <Link to="/">Open the overview</Link>
        </p>
      </EmptyState>
    </main>
  )
}
