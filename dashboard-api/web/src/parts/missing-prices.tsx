// No price, no saving: which price is missing, and where to enter it.
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { licensesQuery } from '../api/queries'
import { usePeriod } from '../frame/reading'
import { useMay } from '../frame/role'
import { list } from '../words/format'
import { Notice } from './notice'

export function MissingPrices({ ids }: { ids: readonly string[] }) {
  const window = usePeriod()
  const { data: licenses } = useQuery(licensesQuery({ window }))
  const mayEnter = useMay('admin')
  if (ids.length === 0) return null
  const names = ids.map((id) => licenses?.data.find((license) => license.id === id)?.name ?? id)
  return (
    <Notice tone="plain" title={`Savings are not complete: no price for ${list(names)}`}>
      <p>
        No price is ever assumed.{' '}
        {mayEnter ? <Link to="/licenses">Enter it on Licenses</Link> : 'An administrator can enter it on Licenses.'}
      </p>
    </Notice>
  )
}
