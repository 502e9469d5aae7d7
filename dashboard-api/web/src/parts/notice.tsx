// A framed message about the page as a whole: what happened, in its own words.
import type { ReactNode } from 'react'
import { IconButton } from './icon-button'
import { CloseIcon } from './icons'
import classes from './notice.module.css'

interface Props {
  tone: 'good' | 'warn' | 'bad' | 'plain'
  title: string
  children?: ReactNode
  requestId?: string | null
  onDismiss?: () => void
  live?: 'alert' | 'status'
}

export function Notice(props: Props) {
  return (
    <div className={classes.notice} data-tone={props.tone} role={props.live}>
      <div className={classes.noticeText}>
        <strong>{props.title}</strong>
        {props.children}
        {props.requestId != null && <RequestId id={props.requestId} />}
      </div>
      {props.onDismiss && (
        <IconButton label="Dismiss" onClick={props.onDismiss}>
          <CloseIcon />
        </IconButton>
      )}
    </div>
  )
}

export function RequestId(props: { id: string }) {
  return (
    <p className={classes.requestId}>
      Request <code>{props.id}</code>
    </p>
  )
}
