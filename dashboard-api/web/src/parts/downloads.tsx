// The rows of the page as a file: same filters, no cap.
import { address, type ApiPath, type Query } from '../api/client'
import classes from './parts.module.css'

export function Downloads(props: { path: ApiPath; query: Query; label: string }) {
  return (
    <span className={classes.downloads}>
      <a href={address(props.path, { ...props.query, format: 'csv' })} download>
        CSV<span className="visually-hidden"> of {props.label}</span>
      </a>
      <a href={address(props.path, { ...props.query, format: 'ndjson' })} download>
        NDJSON<span className="visually-hidden"> of {props.label}</span>
      </a>
    </span>
  )
}

export function PrintButton() {
  return (
    <button
      type="button"
      className={classes.linkButton}
      onClick={() => {
        window.print()
      }}
    >
      Print
    </button>
  )
}
