// Teams in the order of their hierarchy.
import type { TeamRow } from '../../api/teams'

export interface Placed {
  team: TeamRow
  depth: number
}

/** Parents before children, each level by waste and idle seats; a team whose parent is absent is a root. */
export function inTree(teams: readonly TeamRow[]): Placed[] {
  const known = new Set(teams.map(({ id }) => id))
  const childrenOf = (parent: string | null): TeamRow[] =>
    teams
      .filter(({ parent_id: above }) => (above !== null && known.has(above) ? above : null) === parent)
      .toSorted(
        (a, b) => (b.waste_monthly ?? 0) - (a.waste_monthly ?? 0) || b.idle - a.idle || a.name.localeCompare(b.name),
      )
  const place = (parent: string | null, depth: number, above: ReadonlySet<string>): Placed[] =>
    childrenOf(parent).flatMap((team) =>
      above.has(team.id)
        ? []
        : [{ team, depth }, ...place(team.id, depth + 1, new Set([...above, team.id]))],
    )
  return place(null, 0, new Set())
}
