// Names and values side by side.
import type { ReactNode } from 'react'
import classes from './facts.module.css'

export function Facts(props: { children: ReactNode }) {
  return <dl className={classes.facts}>{props.children}</dl>
}

export function Fact(props: { name: ReactNode; children: ReactNode; wide?: boolean }) {
  return (
    <div data-wide={props.wide}>
      <dt>{props.name}</dt>
      <dd>{props.children}</dd>
    </div>
  )
}
