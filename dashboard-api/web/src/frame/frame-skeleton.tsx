// The frame's outline while the session is asked for.
import { Skeleton } from '@mantine/core'
import classes from './frame.module.css'
import { Product } from './product'

export function FrameSkeleton() {
  return (
    <div className={classes.shell}>
      <header className={classes.bar}>
        <Product />
      </header>
      <div className={classes.nav} />
      <main className={classes.content} aria-busy="true" aria-label="Loading">
        <Skeleton height={28} width={180} />
        <Skeleton height={120} />
        <Skeleton height={240} />
      </main>
    </div>
  )
}
