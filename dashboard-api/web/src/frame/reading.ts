// What the global filters ask for: the part of the address that every read carries.
import { getRouteApi } from '@tanstack/react-router'
import { DEFAULT_PERIOD, type Period } from './search'

const frameRoute = getRouteApi('/frame')

export interface Reading {
  window: Period
  team?: string
  license?: string
  as_of?: string
}

export function usePeriod(): Period {
  return frameRoute.useSearch().window ?? DEFAULT_PERIOD
}

/** Only what is set is named, so that two equal readings are one entry of the cache. */
export function useReading(): Reading {
  const search = frameRoute.useSearch()
  return {
    window: search.window ?? DEFAULT_PERIOD,
    ...(search.team === undefined ? {} : { team: search.team }),
    ...(search.license === undefined ? {} : { license: search.license }),
    ...(search.as_of === undefined ? {} : { as_of: search.as_of }),
  }
}

/** The reading without team and license, for what has neither. */
export type Moment = Pick<Reading, 'window' | 'as_of'>

export function useMoment(): Moment {
  const { window, as_of: asOf } = useReading()
  return { window, ...(asOf === undefined ? {} : { as_of: asOf }) }
}
