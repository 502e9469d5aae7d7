//! Prices in integer minor units of one currency. There is no default price: what is not priced is
//! unknown, and says which price is missing.

use std::collections::BTreeMap;

use jiff::civil::Date;

/// What one price is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Per {
    Month,
    Year,
}

impl Per {
    pub fn name(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Month, Self::Year]
            .into_iter()
            .find(|per| per.name() == name)
    }
}

/// A price from a day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    pub amount_minor: i64,
    pub per: Per,
    /// Seats that one price buys; `None`: one.
    pub pack_size: Option<i64>,
    pub valid_from: Date,
}

impl Price {
    /// The price of one seat or pack for a year.
    pub fn yearly(&self) -> i64 {
        match self.per {
            Per::Month => self.amount_minor.saturating_mul(12),
            Per::Year => self.amount_minor,
        }
    }

    /// The same for a month, half up.
    pub fn monthly(&self) -> i64 {
        monthly_of(self.yearly())
    }

    /// What so many seats cost in a year; packs are bought whole.
    pub fn yearly_of(&self, seats: i64) -> i64 {
        let size = self.pack_size.filter(|size| *size > 1).unwrap_or(1);
        let units = (seats.max(0) + size - 1).div_euclid(size);
        self.yearly().saturating_mul(units)
    }

    pub fn is_pack(&self) -> bool {
        self.pack_size.is_some_and(|size| size > 1)
    }
}

/// A twelfth, half up.
pub fn monthly_of(yearly: i64) -> i64 {
    (yearly.saturating_mul(2) + 12).div_euclid(24)
}

/// What an organization pays, as far as it said.
#[derive(Debug, Clone, Default)]
pub struct PriceBook {
    pub currency: Option<String>,
    /// By license, the oldest first.
    pub licenses: BTreeMap<String, Vec<Price>>,
    /// By add-on.
    pub addons: BTreeMap<String, Price>,
}

impl PriceBook {
    /// The price of a license that holds on a day.
    pub fn of_license(&self, license: &str, day: Date) -> Option<Price> {
        let prices = self.licenses.get(license)?;
        let held = prices.iter().filter(|price| price.valid_from <= day);
        held.max_by_key(|price| price.valid_from).copied()
    }
}

/// One person's part in a month's invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Team ids; empty: nobody's.
    pub teams: Vec<String>,
    /// Duty on policies of each team, in the same order.
    pub duty: Vec<i64>,
    /// Which license it is a seat of.
    pub license: String,
}

/// One line of a chargeback; `None` is what no team has to pay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charge {
    /// Seats in thousandths: a person in two teams is part of a seat in each.
    pub seat_thousandths: i64,
    pub amount_minor: i64,
}

/// Splits a license's monthly cost over teams so that the lines sum to the cost exactly. A person in
/// several teams is split by duty, else evenly; seats that nobody holds are nobody's.
pub fn chargeback(
    cost_minor: i64,
    paid_seats: i64,
    shares: &[Share],
) -> BTreeMap<Option<String>, Charge> {
    /// Parts of one seat: finer than any cent.
    const PARTS: i128 = 1_000_000;
    let mut parts: BTreeMap<Option<String>, i128> = BTreeMap::new();
    for share in shares {
        for (team, weight) in weights(share) {
            *parts.entry(team).or_default() += weight * PARTS / total_weight(share);
        }
    }
    let free = paid_seats - shares.len() as i64;
    if free > 0 {
        *parts.entry(None).or_default() += i128::from(free) * PARTS;
    }
    let amounts = largest_remainder(cost_minor, &parts.values().copied().collect::<Vec<_>>());
    let lines = parts.into_iter().zip(amounts);
    lines
        .map(|((team, parts), amount_minor)| {
            let seat_thousandths = i64::try_from(parts * 1_000 / PARTS).unwrap_or(i64::MAX);
            let charge = Charge {
                seat_thousandths,
                amount_minor,
            };
            (team, charge)
        })
        .collect()
}

fn total_weight(share: &Share) -> i128 {
    weights(share)
        .map(|(_, weight)| weight)
        .sum::<i128>()
        .max(1)
}

fn weights(share: &Share) -> impl Iterator<Item = (Option<String>, i128)> {
    let by_duty = share.duty.iter().any(|seconds| *seconds > 0);
    let duty = share.duty.iter().copied().chain(std::iter::repeat(0));
    let teams: Vec<_> = share
        .teams
        .iter()
        .zip(duty)
        .map(|(team, seconds)| {
            let weight = if by_duty {
                i128::from(seconds.max(0))
            } else {
                1
            };
            (Some(team.clone()), weight)
        })
        .collect();
    let nobody = teams.is_empty().then_some((None, 1));
    teams.into_iter().chain(nobody)
}

/// Whole cents in proportion to parts, summing to the amount: the largest remainders get one more.
pub fn largest_remainder(amount: i64, parts: &[i128]) -> Vec<i64> {
    let whole: i128 = parts.iter().sum();
    if whole <= 0 {
        return vec![0; parts.len()];
    }
    let amount = i128::from(amount);
    let mut shares: Vec<(usize, i128, i128)> = parts
        .iter()
        .enumerate()
        .map(|(place, part)| (place, amount * part / whole, amount * part % whole))
        .collect();
    let given: i128 = shares.iter().map(|(_, share, _)| share).sum();
    let left = usize::try_from(amount - given).unwrap_or_default();
    shares.sort_by_key(|(place, _, remainder)| (std::cmp::Reverse(*remainder), *place));
    for (_, share, _) in shares.iter_mut().take(left) {
        *share += 1;
    }
    shares.sort_by_key(|(place, ..)| *place);
    let shares = shares.into_iter();
    shares
        .map(|(_, share, _)| i64::try_from(share).unwrap_or(i64::MAX))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn price(amount_minor: i64, per: Per, pack_size: Option<i64>) -> Price {
        Price {
            amount_minor,
            per,
            pack_size,
            valid_from: Date::constant(2026, 1, 1),
        }
    }

    #[rstest]
    #[case::by_seat(price(4_100, Per::Month, None), 3, 147_600)]
    #[case::a_pack_is_bought_whole(price(15_000, Per::Month, Some(50)), 1, 180_000)]
    #[case::a_full_pack(price(15_000, Per::Month, Some(50)), 50, 180_000)]
    #[case::one_more(price(15_000, Per::Month, Some(50)), 51, 360_000)]
    #[case::nobody(price(15_000, Per::Month, Some(50)), 0, 0)]
    #[case::by_year(price(10_000, Per::Year, None), 2, 20_000)]
    fn seats_cost_by_unit(#[case] price: Price, #[case] seats: i64, #[case] yearly: i64) {
        assert_eq!(price.yearly_of(seats), yearly);
    }

    #[rstest]
    #[case(12, 1)]
    #[case(17, 1)]
    #[case::half_goes_up(18, 2)]
    #[case(10_000, 833)]
    fn a_month_is_a_twelfth(#[case] yearly: i64, #[case] monthly: i64) {
        assert_eq!(monthly_of(yearly), monthly);
    }

    #[test]
    fn the_newest_price_that_holds_counts() {
        let mut book = PriceBook::default();
        let later = Price {
            amount_minor: 2,
            valid_from: Date::constant(2026, 6, 1),
            ..price(1, Per::Month, None)
        };
        book.licenses
            .insert("PL1".to_owned(), vec![price(1, Per::Month, None), later]);
        let amount = |day| book.of_license("PL1", day).map(|price| price.amount_minor);
        assert_eq!(amount(Date::constant(2025, 12, 31)), None);
        assert_eq!(amount(Date::constant(2026, 5, 31)), Some(1));
        assert_eq!(amount(Date::constant(2026, 6, 1)), Some(2));
        assert!(book.of_license("PL2", Date::constant(2026, 6, 1)).is_none());
    }

    fn share(teams: &[&str], duty: &[i64]) -> Share {
        Share {
            teams: teams.iter().map(|team| (*team).to_owned()).collect(),
            duty: duty.to_vec(),
            license: "PL1".to_owned(),
        }
    }

    #[test]
    fn people_in_two_teams_are_split_by_duty_else_evenly() {
        let shares = [
            share(&["A"], &[0]),
            share(&["A", "B"], &[0, 0]),
            share(&["A", "B"], &[300, 100]),
            share(&[], &[]),
        ];
        let lines = chargeback(500, 5, &shares);
        let amount = |team: Option<&str>| lines[&team.map(str::to_owned)].amount_minor;
        // A: 1 + 0.5 + 0.75, B: 0.5 + 0.25, nobody's: one without a team and one that is free.
        assert_eq!(
            (amount(Some("A")), amount(Some("B")), amount(None)),
            (225, 75, 200)
        );
    }

    proptest! {
        #[test]
        fn the_lines_sum_to_the_invoice(
            cost in 0..10_000_000_i64,
            seats in 0..40_i64,
            people in prop::collection::vec(prop::collection::vec((0..5_u8, 0..9_000_i64), 0..4), 0..30),
        ) {
            let shares: Vec<Share> = people
                .iter()
                .map(|teams| {
                    let names: Vec<String> = teams.iter().map(|(team, _)| format!("T{team}")).collect();
                    let names: Vec<&str> = names.iter().map(String::as_str).collect();
                    share(&names, &teams.iter().map(|(_, duty)| *duty).collect::<Vec<_>>())
                })
                .collect();
            let lines = chargeback(cost, seats, &shares);
            let sum: i64 = lines.values().map(|charge| charge.amount_minor).sum();
            let anybody = seats > 0 || !shares.is_empty();
            prop_assert_eq!(sum, if anybody { cost } else { 0 });
        }
    }
}
