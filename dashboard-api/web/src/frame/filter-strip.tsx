// The global filters in force, each with the way to take it away; the look back stands out.
import { getRouteApi } from '@tanstack/react-router'
import { CloseIcon, ClockIcon } from '../parts/icons'
import { date } from '../words/format'
import classes from './frame.module.css'
import { useFilterNames, useGlobalFilter, type GlobalName } from './global-filters'

const frameRoute = getRouteApi('/frame')

export function FilterStrip() {
  const { team, license, tz, as_of: asOf } = frameRoute.useSearch()
  if (team === undefined && license === undefined && tz === undefined && asOf === undefined) return null
  return (
    <div className={classes.strip} role="group" aria-label="Filters in force">
      {asOf !== undefined && (
        <Chip name="as_of" label={`As of ${date(asOf)}`} past>
          <ClockIcon />
        </Chip>
      )}
      <NamedChips team={team} license={license} />
      {tz !== undefined && <Chip name="tz" label={`Times in ${tz}`} />}
    </div>
  )
}

function NamedChips(props: { team: string | undefined; license: string | undefined }) {
  const { teams, licenses } = useFilterNames()
  const nameOf = (list: { id: string; name: string }[], id: string) =>
    list.find((entry) => entry.id === id)?.name ?? id
  return (
    <>
      {props.team !== undefined && <Chip name="team" label={`Team ${nameOf(teams, props.team)}`} />}
      {props.license !== undefined && (
        <Chip name="license" label={`License ${nameOf(licenses, props.license)}`} />
      )}
    </>
  )
}

function Chip(props: { name: GlobalName; label: string; past?: boolean; children?: React.ReactNode }) {
  const set = useGlobalFilter()
  return (
    <button
      type="button"
      className={classes.filterChip}
      data-past={props.past}
      onClick={() => {
        set(props.name, undefined)
      }}
    >
      {props.children}
      {props.label}
      <CloseIcon />
      <span className="visually-hidden">remove this filter</span>
    </button>
  )
}
