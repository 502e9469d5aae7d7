// The title of a page, in the page and in the tab, and the as-of of its figures.
import { useDocumentTitle } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { instant } from '../words/format'
import classes from './parts.module.css'

interface Props {
  title: string
  subtitle?: ReactNode
  answer?: { as_of: string; window_days: number } | undefined
  children?: ReactNode
}

export function PageHeader(props: Props) {
  useDocumentTitle(`${props.title} · Quolum for PagerDuty`)
  return (
    <div className={classes.pageHeader}>
      <div>
        <h1>{props.title}</h1>
        {props.subtitle !== undefined && <p className={classes.subtitle}>{props.subtitle}</p>}
      </div>
      <div className={classes.headerEnd}>
        {props.answer && (
          <p className={classes.asOf}>
            {props.answer.window_days} days up to {instant(props.answer.as_of)}
          </p>
        )}
        {props.children}
      </div>
    </div>
  )
}
