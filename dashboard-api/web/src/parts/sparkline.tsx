// A line without axes beside a figure; the figure's page has the whole chart.
import { scaleLinear } from '@visx/scale'
import { LinePath } from '@visx/shape'
import classes from './charts.module.css'

const WIDTH = 88
const HEIGHT = 22
const PAD = 2

export function Sparkline(props: { values: readonly number[]; label: string }) {
  if (props.values.length < 2) return null
  const low = Math.min(...props.values)
  const high = Math.max(...props.values)
  const x = scaleLinear<number>({ domain: [0, props.values.length - 1], range: [PAD, WIDTH - PAD] })
  const y = scaleLinear<number>({
    domain: [low, high === low ? low + 1 : high],
    range: [HEIGHT - PAD, PAD],
  })
  return (
    <svg
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${props.label}: from ${props.values[0]} to ${props.values[props.values.length - 1]}`}
      className={classes.spark}
    >
      <LinePath
        data={props.values.map((value, index) => ({ value, index }))}
        x={({ index }) => x(index)}
        y={({ value }) => y(value)}
      />
    </svg>
  )
}
