// One figure with its name, definition and the rows behind it.
import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { DefinitionName } from '../words/definitions'
import { Hint } from './hint'
import classes from './stat.module.css'

interface Props {
  label: string
  of: DefinitionName
  value: string
  note?: ReactNode
  to?: LinkProps
  tone?: 'plain' | 'unknown'
  line?: ReactNode
}

export function Stat(props: Props) {
  return (
    <div className={classes.stat} data-tone={props.tone ?? 'plain'}>
      <Hint of={props.of}>{props.label}</Hint>
      <span className={classes.statValue}>
        {props.to ? (
          <Link {...props.to} aria-label={`${props.value}, ${props.label}: show them`}>
            {props.value}
          </Link>
        ) : (
          props.value
        )}
      </span>
      {props.line}
      {props.note !== undefined && <span className={classes.statNote}>{props.note}</span>}
    </div>
  )
}
