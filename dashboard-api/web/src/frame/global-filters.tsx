// Team, license, time zone and the day to look back to: what every page is filtered by, in the address.
import { Button, NativeSelect, Popover, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { licensesQuery } from '../api/queries'
import { teamsQuery } from '../api/teams'
import { FilterIcon } from '../parts/icons'
import { VEIL } from '../parts/veil'
import { dayOf } from '../words/format'
import { ownTimeZone, timeZones } from '../words/zone'
import classes from './frame.module.css'
import { usePeriod } from './reading'
import { SavedViews } from './saved-views'
import type { FrameSearch } from './search'

const frameRoute = getRouteApi('/frame')

export type GlobalName = 'team' | 'license' | 'tz' | 'as_of'

/** Sets or takes away one of the global filters; the page stays. */
export function useGlobalFilter() {
  const navigate = useNavigate()
  return (name: GlobalName, value: string | undefined) => {
    void navigate({
      to: '.',
      search: (search: FrameSearch) => ({ ...search, [name]: value === '' ? undefined : value }),
      replace: true,
    })
  }
}

/** The names behind the ids, for the choices and for the chips. */
export function useFilterNames() {
  const window = usePeriod()
  const { data: licenses } = useQuery(licensesQuery({ window }))
  const { data: teams } = useQuery(teamsQuery({ window }))
  return { licenses: licenses?.data ?? [], teams: teams?.data ?? [] }
}

export function GlobalFilters() {
  const search = frameRoute.useSearch()
  const active = [search.team, search.license, search.tz, search.as_of].filter(
    (value) => value !== undefined,
  ).length
  return (
    <Popover position="bottom-end" width={320} shadow="md" trapFocus returnFocus {...VEIL}>
      <Popover.Target>
        <Button
          size="xs"
          variant="default"
          leftSection={<FilterIcon />}
        >
          <span className={classes.filterWord}>Filters</span>
          {active > 0 && (
            <span className={classes.filterCount}>
              {active} <span className="visually-hidden">active</span>
            </span>
          )}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Filters of every page">
        <FilterForm search={search} />
      </Popover.Dropdown>
    </Popover>
  )
}

function FilterForm({ search }: { search: FrameSearch }) {
  const set = useGlobalFilter()
  const { licenses, teams } = useFilterNames()
  const zones = useMemo(() => timeZones(), [])
  return (
    <div className={classes.filterForm}>
      <NativeSelect
        size="xs"
        label="Team"
        value={search.team ?? ''}
        onChange={(event) => {
          set('team', event.currentTarget.value)
        }}
        data={[
          { value: '', label: 'All teams' },
          ...teams.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <NativeSelect
        size="xs"
        label="License"
        value={search.license ?? ''}
        onChange={(event) => {
          set('license', event.currentTarget.value)
        }}
        data={[
          { value: '', label: 'All licenses' },
          ...licenses.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <TextInput
        size="xs"
        type="date"
        label="As of"
        description="Every figure as it was on this day"
        max={dayOf(new Date())}
        value={search.as_of ?? ''}
        onChange={(event) => {
          set('as_of', event.currentTarget.value)
        }}
      />
      <NativeSelect
        size="xs"
        label="Time zone of instants"
        description={`This browser is in ${ownTimeZone()}; days and weeks stay UTC`}
        value={search.tz ?? 'UTC'}
        onChange={(event) => {
          const zone = event.currentTarget.value
          set('tz', zone === 'UTC' ? undefined : zone)
        }}
        data={zones}
      />
      <SavedViews />
    </div>
  )
}
