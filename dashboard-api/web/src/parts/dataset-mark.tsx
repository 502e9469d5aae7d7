// The state of a dataset as a mark.
import type { DatasetStateName } from '../api/types'
import { datasetStateLabel } from '../words/datasets'
import classes from './dataset-mark.module.css'

export function DatasetMark(props: { state: DatasetStateName }) {
  return (
    <span className={classes.mark} data-state={props.state}>
      {datasetStateLabel(props.state)}
    </span>
  )
}
