// The first part of every key that a new generation makes old.
export const ANSWERS = 'answers'
/** Aggregates change only with a generation, and that is announced; the server says 30 s. */
export const AGGREGATE_STALE_MS = 30_000
