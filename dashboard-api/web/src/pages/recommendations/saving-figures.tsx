// What the open recommendations are worth together, and what was already realized.
import { useQuery } from '@tanstack/react-query'
import { overviewQuery } from '../../api/queries'
import { useReading } from '../../frame/reading'
import { MissingPrices } from '../../parts/missing-prices'
import parts from '../../parts/parts.module.css'
import { Stat } from '../../parts/stat'
import { count } from '../../words/format'
import { roundMoney } from '../../words/money'
import { KINDS } from '../../words/recommendations'

export function SavingFigures() {
  const { data: overview } = useQuery(overviewQuery(useReading()))
  if (overview === undefined) return null
  const { money, recommendations } = overview
  const yearly = money.identified_monthly == null ? null : money.identified_monthly * 12
  return (
    <>
      <section className={parts.figures} aria-label="Savings">
        <Stat
          label="Identified"
          of="identified"
          value={roundMoney(money.identified_monthly, money.currency)}
          note="per month"
        />
        <Stat label="Identified" of="identified" value={roundMoney(yearly, money.currency)} note="per year" />
        <Stat
          label="Realized"
          of="realized"
          value={roundMoney(money.realized_monthly, money.currency)}
          note="per month, verified"
          to={{ to: '/recommendations', search: { state: 'done' } }}
        />
        {KINDS.map(({ id, label }) => (
          <Stat
            key={id}
            label={label}
            of="open_recommendations"
            value={count(recommendations.by_kind[id])}
            note="open"
            to={{ to: '/recommendations', search: { kind: id } }}
          />
        ))}
      </section>
      <MissingPrices ids={money.missing_prices} />
    </>
  )
}
