// A line over weeks. Weeks that are not complete are drawn open and dashed: their value is a floor.
import { useElementSize } from '@mantine/hooks'
import { Group } from '@visx/group'
import { scaleLinear, scalePoint } from '@visx/scale'
import { AreaClosed, LinePath } from '@visx/shape'
import { useState } from 'react'
import { count, month, shortDate } from '../words/format'
import classes from './week-chart.module.css'

export interface WeekPoint {
  start: string
  value: number
  complete: boolean
}

interface Props {
  points: readonly WeekPoint[]
  label: string
  unit: (value: number) => string
  every?: 'week' | 'month'
}

const HEIGHT = 196
const MARGIN = { top: 10, right: 12, bottom: 22, left: 44 }
/** Drawn at this width until the container has been measured. */
const FIRST_WIDTH = 480
/** Room a date needs below the axis. */
const LABEL_WIDTH = 64

export function WeekChart(props: Props) {
  const { ref, width: measured } = useElementSize<HTMLDivElement>()
  const [pointed, setPointed] = useState<WeekPoint | null>(null)
  const width = measured > 0 ? measured : FIRST_WIDTH
  const shown = pointed ?? props.points[props.points.length - 1]
  return (
    <div ref={ref} className={classes.chart}>
      <p className={classes.readout} aria-hidden="true">
        {shown === undefined ? 'Nothing yet' : readout(shown, props)}
      </p>
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`${props.label}: ${spoken(props)}`}
        onPointerLeave={() => {
          setPointed(null)
        }}
      >
        <Plot points={props.points} width={width} pointed={pointed} onPoint={setPointed} />
      </svg>
    </div>
  )
}

function readout(point: WeekPoint, { unit, every = 'week' }: Props): string {
  const when = every === 'month' ? month(point.start) : `Week of ${shortDate(point.start)}`
  return `${when}: ${unit(point.value)}${point.complete ? '' : ', not complete'}`
}

function spoken({ points, unit, every = 'week' }: Props): string {
  const first = points[0]
  const last = points[points.length - 1]
  if (first === undefined || last === undefined) return `no ${every} yet`
  return `${points.length} ${every}s, from ${unit(first.value)} to ${unit(last.value)}`
}

interface PlotProps {
  points: readonly WeekPoint[]
  width: number
  pointed: WeekPoint | null
  onPoint: (point: WeekPoint) => void
}

function scales(points: readonly WeekPoint[], width: number) {
  const top = Math.max(4, ...points.map((point) => point.value))
  const x = scalePoint<string>({
    domain: points.map((point) => point.start),
    range: [0, Math.max(0, width - MARGIN.left - MARGIN.right)],
  })
  const y = scaleLinear<number>({
    domain: [0, top],
    range: [HEIGHT - MARGIN.top - MARGIN.bottom, 0],
    nice: 4,
  })
  return { x: (point: WeekPoint) => x(point.start) ?? 0, y, step: x.step() }
}

function Plot({ points, width, pointed, onPoint }: PlotProps) {
  const { x, y, step } = scales(points, width)
  const top = (point: WeekPoint) => y(point.value)
  const complete = points.filter((point) => point.complete)
  return (
    <Group left={MARGIN.left} top={MARGIN.top}>
      <Axes points={points} x={x} y={y} width={width} step={step} />
      <AreaClosed data={complete} x={x} y={top} yScale={y} className={classes.area} />
      <LinePath data={[...points]} x={x} y={top} className={classes.open} />
      <LinePath data={complete} x={x} y={top} className={classes.line} />
      {points.map((point) => (
        <g key={point.start}>
          {(!point.complete || point === pointed) && (
            <circle
              cx={x(point)}
              cy={top(point)}
              r={3.5}
              className={point.complete ? classes.dot : classes.openDot}
            />
          )}
          <rect
            x={x(point) - step / 2}
            width={step}
            height={HEIGHT - MARGIN.top - MARGIN.bottom}
            fill="transparent"
            onPointerEnter={() => {
              onPoint(point)
            }}
          />
        </g>
      ))}
    </Group>
  )
}

interface AxesProps {
  points: readonly WeekPoint[]
  x: (point: WeekPoint) => number
  y: ReturnType<typeof scaleLinear<number>>
  width: number
  step: number
}

function Axes({ points, x, y, width, step }: AxesProps) {
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / Math.max(1, step)))
  const dated = points.filter((_, index) => (points.length - 1 - index) % every === 0)
  return (
    <g className={classes.axes}>
      {y
        .ticks(4)
        .filter(Number.isInteger)
        .map((tick) => (
          <g key={tick}>
            <line x2={width - MARGIN.left - MARGIN.right} y1={y(tick)} y2={y(tick)} />
            <text x={-8} y={y(tick)} dy="0.32em" textAnchor="end">
              {count(tick)}
            </text>
          </g>
        ))}
      {dated.map((point, index) => (
        <text
          key={point.start}
          x={x(point)}
          y={HEIGHT - MARGIN.top - 6}
          textAnchor={index === dated.length - 1 ? 'end' : 'middle'}
        >
          {shortDate(point.start)}
        </text>
      ))}
    </g>
  )
}
