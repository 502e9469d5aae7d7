//! What the days so far say about those to come: when a license is full, and how many seats to buy.

use jiff::civil::Date;

use crate::window::{date_of, number_of};

/// Seats of one license on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenseDay {
    pub day: Date,
    /// `None`: without a limit.
    pub purchased: Option<i64>,
    pub assigned: i64,
}

/// When a license will be full at the present pace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Runway {
    /// `None`: not at this pace, or there is no limit.
    pub full_on: Option<Date>,
    /// Seats added in a month of 30 days, in tenths.
    pub per_month_tenths: i64,
}

/// Days that the pace is taken from.
const PACE_DAYS: i64 = 90;
/// Fewer days than these say nothing.
const LEAST_DAYS: i64 = 14;
/// A runway longer than this is no news.
const FARTHEST_DAYS: i64 = 3_650;

/// From the days of one license in order. `None` while there are too few.
pub fn runway(days: &[LicenseDay]) -> Option<Runway> {
    let last = days.last()?;
    let newest = number_of(last.day);
    let first = days
        .iter()
        .find(|one| number_of(one.day) >= newest - PACE_DAYS)?;
    let passed = newest - number_of(first.day);
    if passed < LEAST_DAYS {
        return None;
    }
    let grown = last.assigned - first.assigned;
    let per_month_tenths = (grown * 300).div_euclid(passed);
    let free = last.purchased.map(|purchased| purchased - last.assigned);
    let full_on = free.and_then(|free| match free {
        ..=0 => Some(newest),
        _ if grown <= 0 => None,
        // The first day on which no seat is left.
        _ => Some(newest + (free * passed + grown - 1).div_euclid(grown)),
    });
    Some(Runway {
        full_on: full_on
            .filter(|day| *day - newest <= FARTHEST_DAYS)
            .map(date_of),
        per_month_tenths,
    })
}

/// What to buy at a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalQuantity {
    /// Seats that are worth keeping.
    pub needed: i64,
    /// With room for what comes, in whole packs.
    pub suggested: i64,
}

/// Seats needed: those assigned now less those to give back, with some headroom, in whole packs.
pub fn renewal(
    assigned: i64,
    reclaimable: i64,
    headroom_percent: i64,
    pack: i64,
) -> RenewalQuantity {
    let needed = (assigned - reclaimable).max(0);
    let roomy = (needed * (100 + headroom_percent.max(0)) + 99).div_euclid(100);
    let pack = pack.max(1);
    RenewalQuantity {
        needed,
        suggested: (roomy + pack - 1).div_euclid(pack) * pack,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn series(
        start: i64,
        step_days: i64,
        assigned: &[i64],
        purchased: Option<i64>,
    ) -> Vec<LicenseDay> {
        let days = assigned.iter().zip(0..);
        days.map(|(assigned, place)| LicenseDay {
            day: date_of(start + place * step_days),
            purchased,
            assigned: *assigned,
        })
        .collect()
    }

    #[rstest]
    // One seat every three days, ten left: full thirty days after the last day.
    #[case::steady(&[80, 90, 100], 30, Some(110), Some(90), Some(100))]
    #[case::a_part_of_a_day_counts_up(&[93, 100], 30, Some(101), Some(35), Some(70))]
    #[case::shrinking(&[100, 90], 30, Some(110), None, Some(-100))]
    #[case::standing(&[100, 100], 30, Some(110), None, Some(0))]
    #[case::full_already(&[100, 110], 30, Some(110), Some(30), Some(100))]
    #[case::no_limit(&[100, 110], 30, None, None, Some(100))]
    #[case::too_short(&[100, 110], 13, Some(120), None, None)]
    fn a_known_series_gives_an_exact_date(
        #[case] assigned: &[i64],
        #[case] step: i64,
        #[case] purchased: Option<i64>,
        #[case] full_after: Option<i64>,
        #[case] pace: Option<i64>,
    ) {
        let start = 20_000;
        let found = runway(&series(start, step, assigned, purchased));
        assert_eq!(found.map(|one| one.per_month_tenths), pace);
        assert_eq!(
            found.and_then(|one| one.full_on),
            full_after.map(|days| date_of(start + days))
        );
    }

    #[rstest]
    #[case::headroom([100, 20, 10, 1], [80, 88])]
    #[case::rounded_up([11, 0, 10, 1], [11, 13])]
    #[case::in_packs([100, 20, 0, 50], [80, 100])]
    #[case::nobody_left([5, 9, 10, 50], [0, 0])]
    fn renewal_buys_what_is_needed(#[case] asked: [i64; 4], #[case] bought: [i64; 2]) {
        let [assigned, reclaimable, headroom, pack] = asked;
        let quantity = renewal(assigned, reclaimable, headroom, pack);
        assert_eq!([quantity.needed, quantity.suggested], bought);
    }
}
