// The instant up to which the figures below speak, for every definition that is shown.
import { createContext, useContext, type ReactNode } from 'react'
import { instant } from '../words/format'

const AsOf = createContext<string | null>(null)

export function AsOfScope(props: { asOf: string; children: ReactNode }) {
  return <AsOf value={props.asOf}>{props.children}</AsOf>
}

/** ` As of …` for the end of a definition; empty where nothing was answered yet. */
export function useAsOfWords(): string {
  const asOf = useContext(AsOf)
  return asOf === null ? '' : `As of ${instant(asOf)}.`
}
