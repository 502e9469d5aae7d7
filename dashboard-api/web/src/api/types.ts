// The shapes of the HTTP API under the names the page uses: the generated schema, narrowed where it
// says only `string` for a closed set of words. This is the only file that knows the schema's names.
import type { components } from './schema'

type Schemas = components['schemas']

/** A shape with some members known more exactly than the schema says, never differently. */
type Narrow<Shape, Exact extends Partial<Shape>> = Omit<Shape, keyof Exact> & Exact

export type ConnectionState = 'connected' | 'reconnect' | 'disconnected'
export type DatasetStateName = 'complete' | 'partial' | 'forbidden' | 'not_in_plan' | 'pending'
export type RunState = 'queued' | 'running' | 'succeeded' | 'failed'
export type Verdict = 'used' | 'unused' | 'unknown' | 'not_eligible'

export type ByClass = Schemas['ByClass']
export type SeatClass = keyof ByClass

export type DatasetState = Narrow<Schemas['DatasetCoverage'], { state: DatasetStateName }>
export type DatasetProgress = Narrow<Schemas['SyncDataset'], { state: DatasetStateName }>
export type Sync = Narrow<Schemas['Sync'], { state: RunState; datasets: DatasetProgress[] }>
export type Connection = Narrow<
  Schemas['Connection'],
  { state: ConnectionState; sync?: Sync | null }
>

export type Feature = Schemas['Feature']
export type FeatureList = Schemas['FeatureList']
export type Answer = Pick<FeatureList, 'generation' | 'as_of' | 'window_days'>

export type WeekOfPeople = Schemas['WeekOfPeople']
export type Overview = Narrow<Schemas['Overview'], { datasets: DatasetState[] }>

export type FeatureVerdict = Narrow<Schemas['FeatureVerdict'], { verdict: Verdict }>
interface ExactSeat {
  class: SeatClass
  features: Record<string, FeatureVerdict>
}
export type UserRow = Narrow<Schemas['UserRow'], ExactSeat>
export type UserPage = Narrow<Schemas['UserPage'], { data: UserRow[] }>
export type UserDetail = Narrow<Schemas['UserDetail'], ExactSeat>
export type WeekOfUses = Schemas['WeekOfUses']
export type Evidence = Schemas['Evidence']

export type License = Schemas['License']

/** Anything may stand between us and the server, so nothing of a problem is certain. */
export type ProblemBody = Partial<Schemas['Problem']>
