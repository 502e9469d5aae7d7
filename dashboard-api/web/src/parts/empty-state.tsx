// Nothing to show, and why, and what to do about it.
import type { ReactNode } from 'react'
import classes from './parts.module.css'

export function EmptyState(props: { title: string; children?: ReactNode }) {
  return (
    <div className={classes.state}>
      <h2>{props.title}</h2>
      {props.children}
    </div>
  )
}
