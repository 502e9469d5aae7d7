// Prices, contract, charge-back, renewal and the history behind them.
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { read, write } from './client'
import { ANSWERS } from './keys'
import type { Schemas, Sent } from './types'

export type Per = Schemas['Per']
export type LicensePrice = Sent<Schemas['LicensePrice']>
export type PriceBook = Sent<Schemas['PriceBook']>
export type Contract = Schemas['Contract']
export type HistoryPoint = Schemas['LicenseDay']
export type Chargeback = Sent<Schemas['Chargeback']>
export type Renewal = Sent<Schemas['Renewal']>
export type RenewalLicense = Sent<Schemas['RenewalLicense']>

export const PRICES = ['prices']

export const pricesQuery = queryOptions({
  queryKey: PRICES,
  queryFn: ({ signal }) => read<PriceBook>('/prices', {}, signal),
})

export const savePrices = (book: PriceBook): Promise<PriceBook> => write('PUT', '/prices', book)

export const contractQuery = queryOptions({
  queryKey: ['contract'],
  queryFn: ({ signal }) => read<Contract | null>('/contract', {}, signal),
})

export const saveContract = (contract: Contract): Promise<Contract> =>
  write('PUT', '/contract', contract)

export const licenseHistoryQuery = (grain: 'day' | 'week' | 'month') =>
  queryOptions({
    queryKey: [ANSWERS, 'license-history', grain],
    queryFn: async ({ signal }) =>
      (await read<Schemas['List_LicenseDay']>('/licenses/history', { grain }, signal)).data,
    placeholderData: keepPreviousData,
  })

export const chargebackQuery = (month: string) =>
  queryOptions({
    queryKey: [ANSWERS, 'chargeback', month],
    queryFn: ({ signal }) => read<Chargeback>('/chargeback', { month }, signal),
    placeholderData: keepPreviousData,
  })

export const renewalQuery = queryOptions({
  queryKey: [ANSWERS, 'renewal'],
  queryFn: ({ signal }) => read<Renewal>('/renewal', {}, signal),
})
