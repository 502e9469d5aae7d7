// A label that explains its figure: definition and as-of, by pointer, keyboard and touch.
import { Tooltip } from '@mantine/core'
import type { ReactNode } from 'react'
import { DEFINITIONS, SOURCES, type DefinitionName } from '../words/definitions'
import { useAsOfWords } from './as-of'
import classes from './hint.module.css'

export function Hint(props: { of: DefinitionName; children: ReactNode }) {
  return (
    <HintText text={DEFINITIONS[props.of]} source={SOURCES[props.of]}>
      {props.children}
    </HintText>
  )
}

export function HintText(props: { text: string; source?: string | undefined; children: ReactNode }) {
  const asOf = useAsOfWords()
  return (
    <Tooltip
      multiline
      w={260}
      withArrow
      openDelay={150}
      events={{ hover: true, focus: true, touch: true }}
      label={
        <span className={classes.hintBody}>
          {props.text}
          {props.source !== undefined && <span className={classes.hintAsOf}>From {props.source}.</span>}
          {asOf !== '' && <span className={classes.hintAsOf}>{asOf}</span>}
        </span>
      }
    >
      <button type="button" className={classes.hint}>
        {props.children}
      </button>
    </Tooltip>
  )
}
