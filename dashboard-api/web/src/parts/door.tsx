// The card of the pages that need no session: sign-in and invitations.
import type { ReactNode } from 'react'
import classes from './door.module.css'
import { MarkIcon } from './icons'

export function Door(props: { children: ReactNode }) {
  return (
    <main className={classes.page}>
      <div className={classes.card}>
        <p className={classes.product}>
          <MarkIcon /> Quolum for PagerDuty
        </p>
        {props.children}
      </div>
    </main>
  )
}
