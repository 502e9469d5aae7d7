// Which recommendations show, in which order, and the same rows as a file.
import { NativeSelect } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'
import type { RecommendationFilter } from '../../api/recommendations'
import { Downloads, PrintButton } from '../../parts/downloads'
import parts from '../../parts/parts.module.css'
import { plural } from '../../words/format'
import { KINDS, STATES } from '../../words/recommendations'

const ORDERS = [
  { value: '', label: 'Largest saving first' },
  { value: 'saving', label: 'Smallest saving first' },
  { value: 'kind', label: 'By kind' },
  { value: 'name', label: 'By name' },
]

const CONFIDENCES = [
  { value: '', label: 'Any confidence' },
  { value: 'high', label: 'High' },
  { value: 'medium', label: 'Medium' },
]

const optionsOf = (words: readonly { id: string; label: string }[]) =>
  words.map(({ id, label }) => ({ value: id, label }))

interface ChoiceProps {
  label: string
  value: string
  data: { value: string; label: string }[]
  onChange: (value: string) => void
}

function Choice({ label, value, data, onChange }: ChoiceProps) {
  return (
    <NativeSelect
      size="xs"
      aria-label={label}
      value={value}
      data={data}
      onChange={(event) => {
        onChange(event.currentTarget.value)
      }}
    />
  )
}

export function RecommendationFilters(props: { filter: RecommendationFilter; total: number }) {
  const { filter, total } = props
  const navigate = useNavigate()
  const change = (name: 'kind' | 'state' | 'confidence' | 'order', value: string) => {
    void navigate({
      to: '/recommendations',
      search: (search) => ({ ...search, [name]: value === '' ? undefined : value }),
      replace: true,
    })
  }
  return (
    <div className={parts.toolbar} role="search" aria-label="Filter recommendations">
      <Choice
        label="Kind"
        value={filter.kind ?? ''}
        onChange={(value) => {
          change('kind', value)
        }}
        data={[{ value: '', label: 'All kinds' }, ...optionsOf(KINDS)]}
      />
      <Choice
        label="State"
        value={filter.state ?? 'all'}
        onChange={(value) => {
          change('state', value === 'open' ? '' : value)
        }}
        data={[...optionsOf(STATES), { value: 'all', label: 'All states' }]}
      />
      <Choice
        label="Confidence"
        value={filter.confidence ?? ''}
        onChange={(value) => {
          change('confidence', value)
        }}
        data={CONFIDENCES}
      />
      <Choice
        label="Order"
        value={filter.sort ?? ''}
        onChange={(value) => {
          change('order', value)
        }}
        data={ORDERS}
      />
      <span className={parts.toolbarEnd}>
        <span role="status">{plural(total, 'recommendation', 'recommendations')}</span>
        <Downloads path="/recommendations" query={{ ...filter }} label="these recommendations" />
        <PrintButton />
      </span>
    </div>
  )
}
