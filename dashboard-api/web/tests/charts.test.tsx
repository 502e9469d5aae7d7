import { MantineProvider } from '@mantine/core'
import { fireEvent, render, screen } from '@testing-library/react'
import type { ReactNode } from 'react'
import { describe, expect, it } from 'vitest'
import { WeeklyActivePanel } from '../src/pages/overview/weekly-active'
import { WeekStrip } from '../src/pages/user/week-strip'
import { VerdictBar } from '../src/parts/bars'
import { SeriesChart } from '../src/parts/series-chart'
import { Sparkline } from '../src/parts/sparkline'
import { segments, type Part } from '../src/parts/stacked-bar'
import { feature } from './shapes'

const weeks = Array.from({ length: 26 }, (_, index) => ({
  week_start: new Date(Date.UTC(2026, 0, 5 + index * 7)).toISOString(),
  people: 40 + index,
  complete: index < 25,
}))

function show(content: ReactNode) {
  return render(<MantineProvider env="test">{content}</MantineProvider>)
}

describe('the weekly chart', () => {
  it('draws a line and an area through the weeks', () => {
    const { container } = show(<WeeklyActivePanel weeks={weeks} />)
    const drawn = [...container.querySelectorAll('svg[role="img"] path')].map((path) =>
      path.getAttribute('d'),
    )
    expect(drawn).toHaveLength(3)
    for (const path of drawn) expect(path).toMatch(/^M\d.*(L.*){20,}/)
    expect(drawn.join()).not.toContain('NaN')
  })

  it('draws the week that is not complete as an open point', () => {
    const { container } = show(<WeeklyActivePanel weeks={weeks} />)
    expect(container.querySelectorAll('circle')).toHaveLength(1)
  })

  it('has the same figures as a table', () => {
    show(<WeeklyActivePanel weeks={weeks} />)
    fireEvent.click(screen.getByRole('button', { name: 'Show as a table' }))
    expect(screen.getAllByRole('row')).toHaveLength(27)
    expect(screen.getByRole('row', { name: /Jun 29, 2026.*65.*not complete/ })).toBeTruthy()
  })
})

describe('the strip of a user', () => {
  it('draws a bar for every week, also for those without use', () => {
    const uses = weeks.map(({ week_start }, index) => ({ week_start, uses: index % 3 }))
    const { container } = show(<WeekStrip weeks={uses} />)
    expect(container.querySelectorAll('svg[role="img"] rect')).toHaveLength(26)
  })
})

describe('a bar of verdicts', () => {
  it('hatches unknown and colors the others', () => {
    const { container } = show(<VerdictBar feature={feature('ack', 'response')} />)
    const fill = (part: string) => container.querySelector(`[data-part="${part}"]`)?.getAttribute('fill')
    expect(fill('unknown')).toMatch(/^url\(#/)
    expect(fill('unused')).toBe('var(--verdict-unused)')
    expect(fill('used')).toBe('var(--verdict-used)')
  })

  it('says its numbers', () => {
    show(<VerdictBar feature={feature('ack', 'response')} />)
    expect(
      screen.getByRole('img', { name: 'ack: Used 1, Unused 2, Unknown 3, Not eligible 4' }),
    ).toBeTruthy()
  })

  it('fills its whole width and leaves out what is empty', () => {
    const part = (id: string, value: number): Part => ({ id, label: id, value, color: 'red' })
    const drawn = segments([part('a', 1), part('b', 0), part('c', 3)], 400)
    expect(drawn.map(({ part: { id } }) => id)).toEqual(['a', 'c'])
    expect(drawn.map(({ x, width }) => [x, width])).toEqual([
      [0, 98],
      [100, 300],
    ])
  })

  it('draws nothing, and nothing broken, when there is no seat', () => {
    expect(segments([], 400)).toEqual([])
  })
})

describe('lines over days', () => {
  const series = [
    { id: 'seats', label: 'Seats', color: 'gray' },
    { id: 'active', label: 'Active', color: 'green' },
  ]
  const points = weeks.map(({ week_start, people }, index) => ({
    day: week_start.slice(0, 10),
    values: { seats: people + 10, active: index === 5 ? null : people },
  }))

  it('draw one path each and leave a gap where nothing is known', () => {
    const { container } = show(<SeriesChart series={series} points={points} label="Seats" />)
    const drawn = [...container.querySelectorAll('svg[role="img"] path')].map((path) => path.getAttribute('d') ?? '')
    expect(drawn).toHaveLength(2)
    expect(drawn[0]?.match(/M/g)).toHaveLength(1)
    expect(drawn[1]?.match(/M/g)).toHaveLength(2)
    expect(drawn.join()).not.toContain('NaN')
  })

  it('say where they begin and end', () => {
    show(<SeriesChart series={series} points={points} label="Seats" />)
    expect(screen.getByRole('img', { name: /Seats from 50 to 75, Active from 40 to 65/ })).toBeTruthy()
  })

  it('are drawn small beside a figure, also when nothing changes', () => {
    const { container } = show(<Sparkline label="Seats" values={[3, 3, 3]} />)
    expect(container.querySelector('path')?.getAttribute('d')).toMatch(/^M\d.*L/)
  })

  it('are not drawn from a single point', () => {
    expect(show(<Sparkline label="Seats" values={[3]} />).container.querySelector('svg')).toBeNull()
  })
})
