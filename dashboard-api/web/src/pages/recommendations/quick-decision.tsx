// The usual decisions of a row at one press; the rest is on its sheet.
import type { Recommendation } from '../../api/recommendations'
import { subjectOf } from '../../words/recommendations'
import { DecisionButton } from './decision'

export function QuickDecision({ row }: { row: Recommendation }) {
  switch (row.state) {
    case 'open':
      return (
        <>
          <DecisionButton state="accepted" rows={[row]} label={`Accept: ${subjectOf(row)}`} />
          <DecisionButton state="dismissed" rows={[row]} label={`Dismiss: ${subjectOf(row)}`} />
        </>
      )
    case 'accepted':
    case 'dismissed':
    case 'snoozed':
      return <DecisionButton state="open" rows={[row]} label={`Reopen: ${subjectOf(row)}`} />
    case 'done':
      return null
  }
}
