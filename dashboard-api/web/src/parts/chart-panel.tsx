// A chart and the same figures as a table, one at a time.
import { useState, type ReactNode } from 'react'
import classes from './parts.module.css'
import { Panel } from './panel'
import cells from './table.module.css'

interface Props {
  title: ReactNode
  chart: ReactNode
  table: ReactNode
}

export function ChartPanel(props: Props) {
  const [asTable, setAsTable] = useState(false)
  return (
    <Panel
      title={props.title}
      aside={
        <button
          type="button"
          className={classes.linkButton}
          aria-pressed={asTable}
          onClick={() => {
            setAsTable(!asTable)
          }}
        >
          {asTable ? 'Show as a chart' : 'Show as a table'}
        </button>
      }
      flush={asTable}
    >
      {asTable ? <div className={cells.twin}>{props.table}</div> : props.chart}
    </Panel>
  )
}
