// Every price with the day from which it holds, and the prices of add-ons.
import { Button, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { addonsQuery } from '../../api/features'
import { ANSWERS } from '../../api/keys'
import { PRICES, savePrices, type PriceBook } from '../../api/money'
import { licensesQuery } from '../../api/queries'
import { usePeriod } from '../../frame/reading'
import { useMay } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import parts from '../../parts/parts.module.css'
import { Table } from '../../parts/table'
import cells from '../../parts/table.module.css'
import { useAction } from '../../parts/use-action'
import { addonName } from '../../words/addons'
import { date, NO_FIGURE } from '../../words/format'
import { minorUnits, money, typedAmount } from '../../words/money'

export function PriceBookTable({ book }: { book: PriceBook }) {
  const window = usePeriod()
  const { data: licenses } = useQuery(licensesQuery({ window }))
  const { data: addons } = useQuery(addonsQuery({ window }))
  const nameOf = (id: string) => licenses?.data.find((license) => license.id === id)?.name ?? id
  const sorted = book.licenses.toSorted(
    (a, b) => nameOf(a.license_id).localeCompare(nameOf(b.license_id)) || b.valid_from.localeCompare(a.valid_from),
  )
  return (
    <Table label="Price book">
      <thead>
        <tr>
          <th scope="col">License or add-on</th>
          <th scope="col" className={cells.numeric}>
            Price
          </th>
          <th scope="col">Per</th>
          <th scope="col" className={cells.numeric}>
            Seats per pack
          </th>
          <th scope="col">Valid from</th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((price) => (
          <tr key={`${price.license_id} ${price.valid_from}`}>
            <th scope="row">{nameOf(price.license_id)}</th>
            <td className={cells.numeric}>{money(price.amount_minor, book.currency)}</td>
            <td>{price.per}</td>
            <td className={cells.numeric}>{price.pack_size ?? NO_FIGURE}</td>
            <td>{date(price.valid_from)}</td>
          </tr>
        ))}
        {(addons ?? []).map((addon) => (
          <AddonPriceRow key={addon.id} id={addon.id} name={addonName(addon)} book={book} />
        ))}
      </tbody>
    </Table>
  )
}

function AddonPriceRow({ id, name, book }: { id: string; name: string; book: PriceBook }) {
  const mayChange = useMay('admin')
  const known = book.addons.find((addon) => addon.id === id)
  return (
    <tr>
      <th scope="row">Add-on: {name}</th>
      <td className={cells.numeric}>
        {mayChange && book.currency !== null ? (
          <AddonForm id={id} name={name} book={book} currency={book.currency} />
        ) : (
          money(known?.amount_minor, book.currency)
        )}
      </td>
      <td>{known?.per ?? 'month'}</td>
      <td className={cells.numeric}>{NO_FIGURE}</td>
      <td>{NO_FIGURE}</td>
    </tr>
  )
}

function AddonForm(props: { id: string; name: string; book: PriceBook; currency: string }) {
  const { id, name, book, currency } = props
  const known = book.addons.find((addon) => addon.id === id)
  const [text, setText] = useState(known === undefined ? '' : typedAmount(known.amount_minor, currency))
  const save = useAction(savePrices, { refresh: [PRICES, [ANSWERS]] })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    const others = book.addons.filter((addon) => addon.id !== id)
    const amount = minorUnits(text, currency)
    const mine = amount === null ? [] : [{ id, amount_minor: amount, per: known?.per ?? ('month' as const) }]
    save.mutate({ ...book, addons: [...others, ...mine] })
  }
  return (
    <form className={parts.inlineForm} onSubmit={submit}>
      <TextInput
        size="xs"
        className={cells.smallInput ?? ''}
        inputMode="decimal"
        aria-label={`Price of ${name} in ${currency}`}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
        }}
      />
      <Button type="submit" size="xs" variant="default" loading={save.isPending} aria-label={`Save the price of ${name}`}>
        Save
      </Button>
      {save.error && <ActionProblem error={save.error} onDismiss={save.reset} />}
    </form>
  )
}
