// The price of a license, changed where it shows.
import { Button, NativeSelect, Popover, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState, type SubmitEvent } from 'react'
import { ANSWERS } from '../../api/keys'
import { PRICES, pricesQuery, savePrices, type LicensePrice, type Per, type PriceBook } from '../../api/money'
import type { License } from '../../api/types'
import { useMay } from '../../frame/role'
import { ActionProblem } from '../../parts/action-problem'
import parts from '../../parts/parts.module.css'
import { useAction } from '../../parts/use-action'
import { VEIL } from '../../parts/veil'
import { dayOf, NO_FIGURE } from '../../words/format'
import { minorUnits, money, typedAmount } from '../../words/money'

export function PriceCell({ license }: { license: License }) {
  const mayChange = useMay('admin')
  const [open, editor] = useDisclosure(false)
  const words = priceWords(license)
  if (!mayChange) return words ?? NO_FIGURE
  return (
    <Popover opened={open} onChange={editor.toggle} position="bottom-end" width={280} shadow="md" trapFocus returnFocus {...VEIL}>
      <Popover.Target>
        <button
          type="button"
          className={parts.linkButton}
          aria-label={`${words ?? 'Enter price'}, price of ${license.name}`}
          onClick={editor.toggle}
        >
          {words ?? 'Enter price'}
        </button>
      </Popover.Target>
      <Popover.Dropdown aria-label={`Price of ${license.name}`}>
        <PriceForm license={license} onDone={editor.close} />
      </Popover.Dropdown>
    </Popover>
  )
}

function priceWords({ price }: License): string | null {
  if (price == null) return null
  const pack = price.pack_size == null ? '' : ` × ${price.pack_size}`
  const per = price.per === 'month' ? 'mo' : 'yr'
  return `${money(price.amount_minor, price.currency)}${pack} / ${per}`
}

const CURRENCIES = ['USD', 'EUR', 'GBP', 'CHF', 'JPY', 'AUD', 'CAD', 'SEK', 'INR']

/** The fields as text, and the price they make. */
function usePriceFields(license: License, book: PriceBook | undefined) {
  const { price } = license
  const [typedCurrency, setCurrency] = useState<string | null>(null)
  const currency = typedCurrency ?? book?.currency ?? price?.currency ?? 'USD'
  const [amount, setAmount] = useState(price == null ? '' : typedAmount(price.amount_minor, price.currency))
  const [per, setPer] = useState<Per>(price?.per ?? 'month')
  const [pack, setPack] = useState(price?.pack_size == null ? '' : `${price.pack_size}`)
  const [from, setFrom] = useState(price?.valid_from ?? dayOf(new Date()))
  const minor = minorUnits(amount, currency)
  const made: LicensePrice | null =
    minor === null
      ? null
      : { license_id: license.id, amount_minor: minor, per, pack_size: pack === '' ? null : Number(pack), valid_from: from }
  return { currency, setCurrency, amount, setAmount, per, setPer, pack, setPack, from, setFrom, made }
}

type PriceFields = ReturnType<typeof usePriceFields>

function PriceForm({ license, onDone }: { license: License; onDone: () => void }) {
  const { data: book } = useQuery(pricesQuery)
  const fields = usePriceFields(license, book)
  const save = useAction(savePrices, { refresh: [PRICES, [ANSWERS]], onDone })
  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (book === undefined || fields.made === null) return
    const others = book.licenses.filter(
      (price) => price.license_id !== license.id || price.valid_from !== fields.from,
    )
    save.mutate({ ...book, currency: fields.currency, licenses: [...others, fields.made] })
  }
  return (
    <form className={parts.dialog} onSubmit={submit}>
      {book?.currency == null && <CurrencyInput fields={fields} />}
      <PriceInputs fields={fields} />
      {save.error && <ActionProblem error={save.error} onDismiss={save.reset} />}
      <Button type="submit" size="xs" loading={save.isPending || book === undefined}>
        Save price
      </Button>
    </form>
  )
}

function PriceInputs({ fields }: { fields: PriceFields }) {
  return (
    <>
      <TextInput
        size="xs"
        required
        inputMode="decimal"
        label={`Amount in ${fields.currency}`}
        error={fields.amount !== '' && fields.made === null ? 'An amount like 21.50' : undefined}
        value={fields.amount}
        onChange={(event) => {
          fields.setAmount(event.currentTarget.value)
        }}
      />
      <NativeSelect
        size="xs"
        label="Per seat and"
        value={fields.per}
        data={[
          { value: 'month', label: 'month' },
          { value: 'year', label: 'year' },
        ]}
        onChange={(event) => {
          fields.setPer(event.currentTarget.value === 'year' ? 'year' : 'month')
        }}
      />
      <TextInput
        size="xs"
        inputMode="numeric"
        pattern="[0-9]*"
        label="Seats per pack"
        description="Empty when seats are sold one by one"
        value={fields.pack}
        onChange={(event) => {
          fields.setPack(event.currentTarget.value)
        }}
      />
      <TextInput
        size="xs"
        type="date"
        required
        label="Valid from"
        value={fields.from}
        onChange={(event) => {
          fields.setFrom(event.currentTarget.value)
        }}
      />
    </>
  )
}

function CurrencyInput({ fields }: { fields: PriceFields }) {
  return (
    <NativeSelect
      size="xs"
      label="Currency of all prices"
      value={fields.currency}
      data={CURRENCIES}
      onChange={(event) => {
        fields.setCurrency(event.currentTarget.value)
      }}
    />
  )
}
