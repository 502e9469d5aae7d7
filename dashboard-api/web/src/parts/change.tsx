// How a figure moved since an earlier day, with its direction told by sign and word, not color alone.
import type { ReactNode } from 'react'
import { date, NO_FIGURE, signed } from '../words/format'
import classes from './stat.module.css'

interface Props {
  since: string | undefined
  value: number | null | undefined
  good: 'up' | 'down' | 'none'
  children?: ReactNode
}

export function ChangeNote({ since, value, good, children }: Props) {
  return (
    <>
      {children}
      {since !== undefined && (
        <span className={classes.change} data-tone={toneOf(value, good)} title={`since ${date(since)}`}>
          {' '}
          {value == null ? NO_FIGURE : signed(value)}
          <span className="visually-hidden"> since {date(since)}</span>
        </span>
      )}
    </>
  )
}

function toneOf(value: number | null | undefined, good: Props['good']): string {
  if (value == null || value === 0 || good === 'none') return 'plain'
  return value > 0 === (good === 'up') ? 'good' : 'bad'
}
