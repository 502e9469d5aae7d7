// What a consent lets us read, in plain words, and who can give it.
import { datasetLabel, datasetReads, READ_DATASETS } from '../../words/datasets'
import classes from './connections.module.css'

export function WhatIsRead(props: { open: boolean }) {
  return (
    <details className={classes.reads} open={props.open}>
      <summary>What is read, and who can connect</summary>
      <div className={classes.readsBody}>
        <p>
          <strong>Who can connect:</strong> a global administrator or the account owner of the PagerDuty
          account. They sign in at PagerDuty, however the account demands it (password, single sign-on,
          second factor), and allow reading there. No PagerDuty password reaches this product, and nothing
          is ever written to PagerDuty.
        </p>
        <ul>
          {READ_DATASETS.map((name) => (
            <li key={name}>
              <strong>{datasetLabel(name)}</strong>
              <span>{datasetReads(name)}</span>
            </li>
          ))}
        </ul>
        <p>Never stored: phone numbers, message texts, incident titles and bodies.</p>
      </div>
    </details>
  )
}
