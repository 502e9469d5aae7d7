// Amounts of money. The server counts whole minor units, so that no cent is lost on the way.
import { NO_FIGURE } from './format'

const FORMATS = new Map<string, Intl.NumberFormat>()

function formatOf(currency: string): Intl.NumberFormat {
  const known = FORMATS.get(currency)
  if (known !== undefined) return known
  const made = new Intl.NumberFormat('en-US', { style: 'currency', currency })
  FORMATS.set(currency, made)
  return made
}

const digitsOf = (currency: string): number =>
  formatOf(currency).resolvedOptions().maximumFractionDigits ?? 2

/** `$1,234.50`; without an amount or a currency there is no figure, never a zero. */
export function money(
  minor: number | null | undefined,
  currency: string | null | undefined,
): string {
  if (minor == null || currency == null) return NO_FIGURE
  return formatOf(currency).format(minor / 10 ** digitsOf(currency))
}

/** The same without the fraction, for headlines. */
export function roundMoney(
  minor: number | null | undefined,
  currency: string | null | undefined,
): string {
  if (minor == null || currency == null) return NO_FIGURE
  const whole = Math.round(minor / 10 ** digitsOf(currency))
  return formatOf(currency)
    .format(whole)
    .replace(/\.0+$/, '')
}

/** What someone typed as minor units; null when it is no amount. */
export function minorUnits(text: string, currency: string): number | null {
  const plain = text.trim().replaceAll(/[\s,]/g, '')
  if (!/^\d+(\.\d+)?$/.test(plain)) return null
  const digits = digitsOf(currency)
  const [whole = '0', fraction = ''] = plain.split('.')
  if (fraction.length > digits) return null
  return Number(whole + fraction.padEnd(digits, '0'))
}

/** Minor units as they are typed: `1234.5` → `1234.50`. */
export function typedAmount(minor: number, currency: string): string {
  const digits = digitsOf(currency)
  return (minor / 10 ** digits).toFixed(digits)
}
