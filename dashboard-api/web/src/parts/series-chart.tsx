// A few lines over the same days, read by pointer; the table twin has every figure.
import { useElementSize } from '@mantine/hooks'
import { Group } from '@visx/group'
import { scaleLinear, scalePoint } from '@visx/scale'
import { LinePath } from '@visx/shape'
import { useState } from 'react'
import { count, date, shortDate } from '../words/format'
import classes from './charts.module.css'

export interface Series {
  id: string
  label: string
  /** A CSS color. */
  color: string
  dashed?: boolean
}

export interface SeriesPoint {
  day: string
  /** A value per series; null leaves a gap, as nothing is known. */
  values: Record<string, number | null>
}

interface Props {
  series: readonly Series[]
  points: readonly SeriesPoint[]
  label: string
  height?: number
  write?: (value: number) => string
  fromZero?: boolean
}

const MARGIN = { top: 8, right: 12, bottom: 22, left: 52 }
/** Drawn at this width until the container has been measured. */
const FIRST_WIDTH = 640
const LABEL_WIDTH = 72

export function SeriesChart(props: Props) {
  const { ref, width: measured } = useElementSize<HTMLDivElement>()
  const [pointed, setPointed] = useState<number | null>(null)
  const width = measured > 0 ? measured : FIRST_WIDTH
  const write = props.write ?? count
  const shown = props.points[pointed ?? props.points.length - 1]
  return (
    <div ref={ref} className={classes.chart}>
      <p className={classes.readout} aria-hidden="true">
        {shown !== undefined && (
          <>
            {date(shown.day)}
            {props.series.map((series) => (
              <Key key={series.id} series={series} value={shown.values[series.id]} write={write} />
            ))}
          </>
        )}
      </p>
      <Plot {...props} width={width} write={write} pointed={pointed} onPoint={setPointed} />
    </div>
  )
}

function Key(props: { series: Series; value: number | null | undefined; write: (value: number) => string }) {
  return (
    <span className={classes.key}>
      <span className={classes.keyMark} style={{ background: props.series.color }} />
      {props.series.label} <strong>{props.value == null ? '?' : props.write(props.value)}</strong>
    </span>
  )
}

interface PlotProps extends Props {
  width: number
  write: (value: number) => string
  pointed: number | null
  onPoint: (index: number | null) => void
}

function scalesOf({ points, series, width, height = 200, fromZero = true }: PlotProps) {
  const values = points.flatMap((point) =>
    series.map(({ id }) => point.values[id]).filter((value) => value != null),
  )
  const x = scalePoint<number>({
    domain: points.map((_, index) => index),
    range: [0, Math.max(0, width - MARGIN.left - MARGIN.right)],
  })
  const y = scaleLinear<number>({
    domain: [fromZero ? 0 : Math.min(...values, 0), Math.max(4, ...values)],
    range: [height - MARGIN.top - MARGIN.bottom, 0],
    nice: 4,
  })
  return { x: (index: number) => x(index) ?? 0, y, step: x.step() }
}

function Plot(props: PlotProps) {
  const { series, points, width, height = 200, pointed, onPoint } = props
  const { x, y, step } = scalesOf(props)
  const indexed = points.map((point, index) => ({ ...point, index }))
  return (
    <svg
      width={width}
      height={height}
      viewBox={`0 0 ${width} ${height}`}
      role="img"
      aria-label={`${props.label}: ${spoken(props)}`}
      onPointerLeave={() => {
        onPoint(null)
      }}
    >
      <Group left={MARGIN.left} top={MARGIN.top}>
        <Axes {...props} x={x} y={y} step={step} />
        {series.map(({ id, color, dashed }) => (
          <LinePath
            key={id}
            data={indexed}
            x={({ index }) => x(index)}
            y={({ values }) => y(values[id] ?? 0)}
            defined={({ values }) => values[id] != null}
            stroke={color}
            className={classes.line}
            strokeDasharray={dashed === true ? '4 3' : undefined}
          />
        ))}
        {pointed !== null && (
          <line x1={x(pointed)} x2={x(pointed)} y1={0} y2={height - MARGIN.top - MARGIN.bottom} className={classes.cursor} />
        )}
        {indexed.map(({ day, index }) => (
          <rect
            key={day}
            x={x(index) - step / 2}
            width={Math.max(1, step)}
            height={height - MARGIN.top - MARGIN.bottom}
            fill="transparent"
            onPointerEnter={() => {
              onPoint(index)
            }}
          />
        ))}
      </Group>
    </svg>
  )
}

interface AxesProps extends PlotProps {
  x: (index: number) => number
  y: ReturnType<typeof scaleLinear<number>>
  step: number
}

function Axes({ points, width, height = 200, write, x, y, step }: AxesProps) {
  const every = Math.max(1, Math.ceil(LABEL_WIDTH / Math.max(1, step)))
  const last = points.length - 1
  return (
    <g className={classes.axes}>
      {y.ticks(4).map((tick) => (
        <g key={tick}>
          <line x2={width - MARGIN.left - MARGIN.right} y1={y(tick)} y2={y(tick)} />
          <text x={-8} y={y(tick)} dy="0.32em" textAnchor="end">
            {write(tick)}
          </text>
        </g>
      ))}
      {points.map(
        ({ day }, index) =>
          (last - index) % every === 0 && (
            <text key={day} x={x(index)} y={height - MARGIN.top - 6} textAnchor={index === last ? 'end' : 'middle'}>
              {shortDate(day)}
            </text>
          ),
      )}
    </g>
  )
}

function spoken({ series, points, write = count }: Props): string {
  const first = points[0]
  const last = points[points.length - 1]
  if (first === undefined || last === undefined) return 'nothing yet'
  const parts = series.map(({ id, label }) => {
    const from = first.values[id]
    const to = last.values[id]
    return `${label} from ${from == null ? 'unknown' : write(from)} to ${to == null ? 'unknown' : write(to)}`
  })
  return `${date(first.day)} to ${date(last.day)}, ${parts.join(', ')}`
}
