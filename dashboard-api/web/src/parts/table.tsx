// The plain table: dense, scrolls sideways inside itself when the screen is narrow.
import type { ReactNode } from 'react'
import classes from './table.module.css'

interface Props {
  label: string
  /** For a table of few columns in half a page. */
  compact?: boolean
  children: ReactNode
}

export function Table(props: Props) {
  return (
    <div className={classes.tableScroll} role="region" aria-label={props.label} tabIndex={0}>
      <table className={classes.table} data-compact={props.compact}>
        <caption className="visually-hidden">{props.label}</caption>
        {props.children}
      </table>
    </div>
  )
}
