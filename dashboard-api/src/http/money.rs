//! Prices as the pages show them. The arithmetic of money is [`crate::money`]'s.

use jiff::civil::Date;

use super::{
    shapes::Price,
    words::{Per, Word},
};
use crate::money::{PriceBook, monthly_of};

/// Seats by license.
pub(super) type SeatsByLicense = [(String, i64)];

/// A sum over licenses.
#[derive(Debug, Clone, Default)]
pub(super) struct Cost {
    /// Null while a price is missing.
    pub(super) monthly: Option<i64>,
    pub(super) missing: Vec<String>,
}

/// The price of a license on a day.
pub(super) fn price(book: &PriceBook, license: &str, day: Date) -> Option<Price> {
    let found = book.of_license(license, day)?;
    Some(Price {
        amount_minor: found.amount_minor,
        currency: book.currency.clone()?,
        per: Per::from_name(found.per.name()).unwrap_or(Per::Month),
        pack_size: found.pack_size,
        valid_from: found.valid_from,
    })
}

/// What seats of a license cost in a month; packs are bought whole.
pub(super) fn monthly(book: &PriceBook, license: &str, seats: i64, day: Date) -> Option<i64> {
    let price = book.of_license(license, day)?;
    Some(monthly_of(price.yearly_of(seats)))
}

/// One seat's share of what its license costs.
pub(super) fn per_seat(book: &PriceBook, license: &str, day: Date) -> Option<i64> {
    let price = book.of_license(license, day)?;
    let size = price.pack_size.unwrap_or(1).max(1);
    Some((price.monthly() + size / 2).div_euclid(size))
}

/// What would be saved without the wasted ones of the assigned seats.
pub(super) fn waste(
    book: &PriceBook,
    license: &str,
    (assigned, wasted): (i64, i64),
    day: Date,
) -> Option<i64> {
    let with = monthly(book, license, assigned, day)?;
    let without = monthly(book, license, assigned - wasted, day)?;
    Some(with - without)
}

/// What seats of several licenses cost in a month.
pub(super) fn cost_of(book: &PriceBook, seats: &SeatsByLicense, day: Date) -> Cost {
    let mut yearly = 0_i64;
    let mut missing = Vec::new();
    let held = seats
        .iter()
        .filter(|(id, count)| !id.is_empty() && *count > 0);
    for (license, count) in held {
        match book.of_license(license, day) {
            Some(price) => yearly = yearly.saturating_add(price.yearly_of(*count)),
            None => missing.push(license.clone()),
        }
    }
    Cost {
        monthly: missing.is_empty().then(|| monthly_of(yearly)),
        missing,
    }
}

/// What seats of several licenses cost, each its share; null while a price is missing.
pub(super) fn shares_of(book: &PriceBook, seats: &SeatsByLicense, day: Date) -> Option<i64> {
    let mut sum = 0_i64;
    let held = seats
        .iter()
        .filter(|(id, count)| !id.is_empty() && *count > 0);
    for (license, count) in held {
        sum = sum.saturating_add(per_seat(book, license, day)?.saturating_mul(*count));
    }
    book.currency.as_ref().map(|_| sum)
}

/// Whole days from one day to another.
pub(super) fn days_between(from: Date, to: Date) -> i64 {
    to.since(from)
        .map(|span| i64::from(span.get_days()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(amount_minor: i64, per: crate::money::Per, pack_size: Option<i64>) -> PriceBook {
        let price = crate::money::Price {
            amount_minor,
            per,
            pack_size,
            valid_from: Date::constant(2026, 1, 1),
        };
        PriceBook {
            currency: Some("USD".to_owned()),
            licenses: [("PL1".to_owned(), vec![price])].into(),
            ..PriceBook::default()
        }
    }

    const DAY: Date = Date::constant(2026, 11, 23);

    #[test]
    fn packs_are_bought_whole() {
        let packs = book(15_000, crate::money::Per::Month, Some(50));
        assert_eq!(monthly(&packs, "PL1", 51, DAY), Some(30_000));
        assert_eq!(waste(&packs, "PL1", (51, 1), DAY), Some(15_000));
        assert_eq!(waste(&packs, "PL1", (50, 1), DAY), Some(0));
        assert_eq!(per_seat(&packs, "PL1", DAY), Some(300));
    }

    #[test]
    fn nothing_costs_what_no_price_says() {
        let yearly = book(1_205, crate::money::Per::Year, None);
        assert_eq!(monthly(&yearly, "PL1", 1, DAY), Some(100));
        assert_eq!(monthly(&yearly, "PL2", 1, DAY), None);
        assert_eq!(
            monthly(&yearly, "PL1", 1, Date::constant(2025, 12, 31)),
            None
        );
        let seats = [
            ("PL1".to_owned(), 2),
            ("PL2".to_owned(), 1),
            (String::new(), 3),
        ];
        let cost = cost_of(&yearly, &seats, DAY);
        assert_eq!((cost.monthly, cost.missing), (None, vec!["PL2".to_owned()]));
    }

    #[test]
    fn days_are_counted_over_months() {
        assert_eq!(days_between(DAY, Date::constant(2027, 1, 1)), 39);
        assert_eq!(days_between(DAY, DAY), 0);
    }
}
