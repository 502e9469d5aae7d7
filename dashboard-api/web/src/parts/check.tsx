// A box to tick, with its words; small enough to be the browser's own.
import type { ReactNode } from 'react'
import classes from './check.module.css'

interface Props {
  checked: boolean
  onChange: (checked: boolean) => void
  children: ReactNode
  hidden?: boolean
  partial?: boolean
  disabled?: boolean
}

export function Check(props: Props) {
  return (
    <label className={classes.check}>
      <input
        type="checkbox"
        checked={props.checked}
        disabled={props.disabled}
        ref={(box) => {
          if (box !== null) box.indeterminate = props.partial === true
        }}
        onChange={(event) => {
          props.onChange(event.currentTarget.checked)
        }}
      />
      <span className={props.hidden === true ? 'visually-hidden' : undefined}>{props.children}</span>
    </label>
  )
}
