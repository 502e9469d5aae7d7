// The contract with PagerDuty, and the price book with its history.
import { NativeSelect, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { ANSWERS } from '../../api/keys'
import { contractQuery, pricesQuery, saveContract, type Contract } from '../../api/money'
import { useMay } from '../../frame/role'
import { Loaded } from '../../parts/loaded'
import { Panel } from '../../parts/panel'
import { useAction } from '../../parts/use-action'
import { month } from '../../words/format'
import { PriceBookTable } from './price-book'
import { SaveForm } from './save-form'

export function ContractAndPrices() {
  const contract = useQuery(contractQuery)
  const prices = useQuery(pricesQuery)
  return (
    <>
      <Panel title="Contract with PagerDuty">
        <Loaded query={contract} label="the contract">
          {(known) => <ContractForm contract={known} currency={prices.data?.currency ?? 'USD'} />}
        </Loaded>
      </Panel>
      <Panel title="Price book" aside={<Link to="/licenses">Enter prices on Licenses</Link>} flush>
        <Loaded query={prices} label="the prices">
          {(book) => <PriceBookTable book={book} />}
        </Loaded>
      </Panel>
    </>
  )
}

const MONTHS = Array.from({ length: 12 }, (_, index) => {
  const number = `${index + 1}`
  return { value: number, label: month(`2026-${number.padStart(2, '0')}`).split(' ')[0] ?? number }
})

function ContractForm({ contract, currency }: { contract: Contract | null; currency: string }) {
  const [renewal, setRenewal] = useState(contract?.renewal_on ?? '')
  const [notice, setNotice] = useState(`${contract?.notice_days ?? 60}`)
  const [fiscal, setFiscal] = useState(`${contract?.fiscal_year_start_month ?? 1}`)
  const save = useAction(saveContract, { refresh: [contractQuery.queryKey, [ANSWERS]] })
  return (
    <SaveForm
      action={save}
      mayChange={useMay('admin')}
      onSave={() => {
        save.mutate({
          renewal_on: renewal,
          notice_days: Number(notice),
          fiscal_year_start_month: Number(fiscal),
          currency: contract?.currency ?? currency,
        })
      }}
    >
      <TextInput
        size="xs"
        type="date"
        required
        label="Renews on"
        value={renewal}
        onChange={(event) => {
          setRenewal(event.currentTarget.value)
        }}
      />
      <TextInput
        size="xs"
        type="number"
        required
        min={0}
        max={365}
        label="Notice period in days"
        description="The last day to change the quantity lies this long before the renewal"
        value={notice}
        onChange={(event) => {
          setNotice(event.currentTarget.value)
        }}
      />
      <NativeSelect
        size="xs"
        label="Fiscal year starts in"
        value={fiscal}
        data={MONTHS}
        onChange={(event) => {
          setFiscal(event.currentTarget.value)
        }}
      />
    </SaveForm>
  )
}
