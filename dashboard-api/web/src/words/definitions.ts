// The definition behind each figure; the same words wherever the figure shows.

export const DEFINITIONS = {
  seats: 'Users of the PagerDuty account: each holds one license.',
  active: 'Seats with an action or on-call duty in the period.',
  utilization:
    'Active seats divided by all seats that are not exempt, new or unknown. No figure when no seat is left.',
  never: 'Seats without any use in all the history that was read.',
  idle: 'Seats that were used before the period, but not within it.',
  unknown:
    'Seats for which a source that could show a use is not complete. They are never counted as unused.',
  classes: 'Each seat is in exactly one class: the first of the rules that holds.',
  duty: 'Time on call in the period: the union of all shifts, so that overlaps count once.',
  duty_level_1: 'Time on call at escalation level 1; overlaps count once.',
  duty_level_2: 'Time on call at escalation level 2 or higher; overlaps count once.',
  people_on_duty: 'People with on-call duty in the period.',
  actions: 'Things done by hand in the period: acknowledge, resolve, reassign, note, update and alike.',
  weekly_active: 'People with at least one action or on-call duty in the week (Monday to Sunday, UTC).',
  adoption: 'Seats per verdict. Unknown is hatched: it is neither used nor unused.',
  last_any: 'The latest use of any feature, and which one it was.',
  feature_cell:
    'Days since the last use · never: no use on record · n/a: not eligible · ?: unknown, a source is not complete.',
  windows: 'Slices of time (or snapshots) that were fetched and counted.',
  expected: 'Records PagerDuty announced for the fetched windows, where it announces a number.',
  received: 'Records that arrived from PagerDuty.',
  stored: 'Distinct records kept; a record that arrives twice is stored once.',
  age: 'Time since the instant up to which the figures speak.',
  purchased: 'Slots bought: in use plus free. Unlimited when PagerDuty names no limit.',
  assigned: 'Seats that hold this license.',
  free: 'Slots bought and not assigned.',
  uses: 'Single uses in the period, over all people.',
  weeks: 'Actions by hand per week (Monday to Sunday, UTC) over the last 26 weeks, all features together.',
} as const

export type DefinitionName = keyof typeof DEFINITIONS
