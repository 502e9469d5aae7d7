// The records behind the verdicts, newest first, page by page, with the way to each at PagerDuty.
import { NativeSelect } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { evidenceQuery } from '../../api/evidence'
import type { Feature, UserDetail } from '../../api/types'
import { useMoment } from '../../frame/reading'
import { Downloads } from '../../parts/downloads'
import { EvidenceTable } from '../../parts/evidence-table'
import { Loaded } from '../../parts/loaded'
import { MoreButton } from '../../parts/more-button'
import { Panel } from '../../parts/panel'
import parts from '../../parts/parts.module.css'
import { featureName } from '../../words/features'
import { instant } from '../../words/format'
import classes from './user.module.css'

interface Props {
  user: UserDetail
  catalogue: Feature[]
  feature: string | null
  onFeature: (feature: string | null) => void
}

export function EvidenceList({ user, catalogue, feature, onFeature }: Props) {
  const moment = useMoment()
  const query = useInfiniteQuery(evidenceQuery(user.id, feature ?? undefined, moment))
  const used = catalogue.filter(({ id }) => user.features[id]?.last != null)
  return (
    <Panel
      title="Evidence"
      aside={
        <span className={parts.toolbarEnd}>
          <NativeSelect
            size="xs"
            aria-label="Evidence of which feature"
            value={feature ?? ''}
            onChange={(event) => {
              onFeature(event.currentTarget.value === '' ? null : event.currentTarget.value)
            }}
            data={[
              { value: '', label: 'All features' },
              ...used.map(({ id }) => ({ value: id, label: featureName(id, catalogue) })),
            ]}
          />
          <Downloads
            path={`/users/${encodeURIComponent(user.id)}/evidence`}
            query={{ ...moment, feature: feature ?? undefined }}
            label="this evidence"
          />
        </span>
      }
      flush
    >
      <Loaded query={query} label="the evidence">
        {({ pages }) => {
          const records = pages.flatMap(({ data }) => data)
          return records.length === 0 ? (
            <p className={classes.noEvidence}>
              No record of a use up to {instant(user.as_of)}. Nothing was used, or the source could not be
              read: the verdicts above say which.
            </p>
          ) : (
            <EvidenceTable records={records} catalogue={catalogue} />
          )
        }}
      </Loaded>
      <div className={classes.more}>
        <MoreButton query={query} />
      </div>
    </Panel>
  )
}
