import { describe, expect, it } from 'vitest'
import { csvOf } from '../src/words/csv'
import { minorUnits, money, roundMoney, typedAmount } from '../src/words/money'

describe('an amount', () => {
  it('is written from minor units in the currency’s own digits', () => {
    expect(money(123_450, 'USD')).toBe('$1,234.50')
    expect(money(1234, 'JPY')).toBe('¥1,234')
    expect(roundMoney(123_450, 'USD')).toBe('$1,235')
  })

  it('without a price or a currency is no figure, never zero', () => {
    expect(money(null, 'USD')).toBe('–')
    expect(money(100, null)).toBe('–')
    expect(money(0, 'USD')).toBe('$0.00')
  })

  it.each([
    ['21', 2100],
    ['21.5', 2150],
    ['1,234.56', 123_456],
    ['0.1', 10],
    ['21.505', null],
    ['-3', null],
    ['', null],
    ['abc', null],
  ])('typed as %j is %s minor units', (text, minor) => {
    expect(minorUnits(text, 'USD')).toBe(minor)
  })

  it('comes back as it was typed', () => {
    expect(minorUnits(typedAmount(2150, 'USD'), 'USD')).toBe(2150)
    expect(minorUnits(typedAmount(2150, 'JPY'), 'JPY')).toBe(2150)
  })
})

describe('an exported file', () => {
  it('quotes what needs it and defuses formulas', () => {
    expect(csvOf([['a,b', 'say "x"', '=1+1', '-2', 'plain']])).toBe(`"a,b","say ""x""",'=1+1,'-2,plain`)
  })
})
