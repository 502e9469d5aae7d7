// A link that leaves the product.
import type { ReactNode } from 'react'
import { ExternalIcon } from './icons'
import classes from './parts.module.css'

export function Outbound(props: { href: string; children: ReactNode }) {
  return (
    <a className={classes.outbound} href={props.href} target="_blank" rel="noopener noreferrer">
      {props.children} <ExternalIcon />
      <span className="visually-hidden">(opens PagerDuty in a new tab)</span>
    </a>
  )
}
