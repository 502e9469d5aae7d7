// A titled surface.
import { useId, type ReactNode } from 'react'
import classes from './parts.module.css'

interface Props {
  title: ReactNode
  aside?: ReactNode
  children: ReactNode
  flush?: boolean
}

export function Panel(props: Props) {
  const id = useId()
  return (
    <section className={classes.panel} aria-labelledby={id}>
      <header className={classes.panelHead}>
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </header>
      <div className={props.flush ? classes.panelFlush : classes.panelBody}>{props.children}</div>
    </section>
  )
}
