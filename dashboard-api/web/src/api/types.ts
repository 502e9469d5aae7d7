// The shapes of the HTTP API under the names the page uses, taken from the generated schema. The
// schema calls some members that may be null optional; the server always sends them.
import type { components } from './schema'

export type Schemas = components['schemas']

/** A shape as it arrives: every member is there, null where there is no value. */
export type Sent<Shape> = Shape extends (infer Item)[]
  ? Sent<Item>[]
  : Shape extends object
    ? { [Name in keyof Shape]-?: Sent<Exclude<Shape[Name], undefined>> }
    : Shape

export type ConnectionState = Schemas['ConnectionStateName']
export type DatasetStateName = Schemas['DatasetStateName']
export type RunState = Schemas['RunStateName']
export type Verdict = Schemas['VerdictName']
export type SeatClass = Schemas['ClassName']

export type ByClass = Schemas['ByClass']
export type NamedId = Schemas['NamedId']

export type DatasetState = Sent<Schemas['DatasetCoverage']>
export type DatasetProgress = Sent<Schemas['SyncDataset']>
export type Sync = Sent<Schemas['Sync']>
export type Capability = Schemas['Capability']
export type Webhook = Sent<Schemas['Webhook']>
export type AccessWarning = Sent<Schemas['Warning']>
export type Connection = Sent<Schemas['Connection']>

export type Feature = Sent<Schemas['Feature']>
export type FeatureList = Sent<Schemas['List_Feature']>
export type Answer = Sent<Schemas['Frame']>

export type WeekOfPeople = Schemas['WeekOfPeople']
export type Overview = Sent<Schemas['Overview']>

export type FeatureVerdict = Sent<Schemas['FeatureVerdict']>
export type UserRow = Sent<Schemas['UserRow']>
export type UserPage = Sent<Schemas['List_UserRow']>
export type UserDetail = Sent<Schemas['UserDetail']>
export type WeekOfUses = Schemas['WeekOfUses']
export type Evidence = Sent<Schemas['Evidence']>

export type License = Sent<Schemas['License']>
export type LicenseList = Sent<Schemas['List_License']>

export type Session = Sent<Schemas['Session']>

/** Anything may stand between us and the server, so nothing of a problem is certain. */
export type ProblemBody = Partial<Schemas['Problem']>
