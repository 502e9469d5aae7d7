// A square button with a sign and a spoken name.
import type { ReactNode } from 'react'
import classes from './parts.module.css'

interface Props {
  label: string
  onClick: () => void
  children: ReactNode
  expanded?: boolean
  controls?: string
}

export function IconButton(props: Props) {
  return (
    <button
      type="button"
      className={classes.iconButton}
      aria-label={props.label}
      title={props.label}
      aria-expanded={props.expanded}
      aria-controls={props.controls}
      onClick={props.onClick}
    >
      {props.children}
    </button>
  )
}
