// Parts of a whole as one bar. Unknown is hatched, so that it is never read as zero or as unused.
import { useElementSize } from '@mantine/hooks'
import { PatternLines } from '@visx/pattern'
import { scaleLinear } from '@visx/scale'
import { Bar } from '@visx/shape'
import { useId } from 'react'
import { plural } from '../words/format'
import classes from './marks.module.css'

export interface Part {
  id: string
  label: string
  value: number
  /** A CSS color; parts without one are hatched. */
  color: string | null
}

interface Segment {
  part: Part
  x: number
  width: number
}

/** Drawn at this width until the container has been measured. */
const FIRST_WIDTH = 400
const GAP = 2

export function StackedBar(props: { parts: readonly Part[]; height: number; label: string }) {
  const hatch = useId()
  const { ref, width: measured } = useElementSize<HTMLDivElement>()
  const { height } = props
  const full = measured > 0 ? measured : FIRST_WIDTH
  return (
    <div ref={ref}>
      <svg
        className={classes.stackedBar}
        viewBox={`0 0 ${full} ${height}`}
        preserveAspectRatio="none"
        height={height}
        role="img"
        aria-label={`${props.label}: ${spoken(props.parts)}`}
      >
        <PatternLines
          id={hatch}
          width={6}
          height={6}
          stroke="var(--hatch-line)"
          strokeWidth={1}
          orientation={['diagonal']}
          background="var(--hatch-ground)"
        />
        {segments(props.parts, full).map(({ part, x, width }) => (
          <Bar
            key={part.id}
            x={x}
            width={width}
            height={height}
            fill={part.color ?? `url(#${hatch})`}
            data-part={part.id}
          >
            <title>{`${part.label}: ${plural(part.value, 'seat', 'seats')}`}</title>
          </Bar>
        ))}
      </svg>
    </div>
  )
}

function spoken(parts: readonly Part[]): string {
  return parts.map((part) => `${part.label} ${part.value}`).join(', ')
}

/** Where each part that is not empty lies; a sliver keeps its least width so that it can be seen. */
export function segments(parts: readonly Part[], full: number): Segment[] {
  const shown = parts.filter((part) => part.value > 0)
  const total = shown.reduce((sum, part) => sum + part.value, 0)
  const scale = scaleLinear<number>({ domain: [0, total], range: [0, full] })
  let before = 0
  return shown.map((part) => {
    const x = scale(before)
    before += part.value
    const end = before === total ? full : scale(before) - GAP
    return { part, x, width: Math.max(1, end - x) }
  })
}
