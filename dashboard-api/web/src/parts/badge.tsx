// A short word with a tone.
import type { ReactNode } from 'react'
import classes from './parts.module.css'

export type Tone = 'plain' | 'good' | 'warn' | 'bad'

export function Badge(props: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={classes.badge} data-tone={props.tone ?? 'plain'}>
      {props.children}
    </span>
  )
}
