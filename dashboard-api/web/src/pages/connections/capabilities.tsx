// What a consent lets us read, in plain words: before it as a promise, after it as found out.
import type { Capability, Connection } from '../../api/types'
import { Badge } from '../../parts/badge'
import { accessWords } from '../../words/access'
import { datasetLabel, datasetReads, READ_DATASETS } from '../../words/datasets'
import classes from './connections.module.css'

export function Capabilities({ connection }: { connection: Connection | undefined }) {
  const known = new Map(connection?.capabilities.map((found) => [found.dataset, found]))
  const readable = [...known.values()].filter(({ access }) => access === 'readable').length
  const names = [...new Set([...READ_DATASETS, ...known.keys()])]
  return (
    <details className={classes.reads} open={connection === undefined}>
      <summary>
        What is read, and who can connect
        {known.size > 0 && ` · ${readable} of ${known.size} readable`}
      </summary>
      <div className={classes.readsBody}>
        <p>
          <strong>Who can connect:</strong> a global administrator or the account owner of the PagerDuty
          account. They sign in at PagerDuty, however the account demands it (password, single sign-on,
          second factor), and allow reading there. No PagerDuty password reaches this product, and nothing
          is ever written to PagerDuty.
        </p>
        <ul>
          {names.map((name) => (
            <Read key={name} name={name} found={known.get(name)} />
          ))}
        </ul>
        <p>Never stored: phone numbers, message texts, incident titles and bodies.</p>
      </div>
    </details>
  )
}

function Read({ name, found }: { name: string; found: Capability | undefined }) {
  const words = found && accessWords(found.access)
  return (
    <li>
      <strong>
        {datasetLabel(name)} {words && <Badge tone={words.tone}>{words.label}</Badge>}
      </strong>
      <span>{datasetReads(name)}</span>
      {found && found.access !== 'readable' && found.reason !== '' && (
        <span className={classes.readReason}>
          {found.reason}
          {found.scope !== '' && (
            <>
              {' '}
              · needs <code>{found.scope}</code>
            </>
          )}
        </span>
      )}
    </li>
  )
}
