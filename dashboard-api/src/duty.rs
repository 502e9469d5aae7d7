//! On-call duty as sets of time: the union of intervals, so that overlaps count once. Instants are
//! whole seconds since 1970; an interval without a start or an end reaches to the edge of time.

use jiff::Timestamp;

/// Half-open, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interval {
    pub start: i64,
    pub end: i64,
}

impl Interval {
    /// An absent start means since ever, an absent end for ever.
    pub fn new(start: Option<Timestamp>, end: Option<Timestamp>) -> Self {
        Self {
            start: start.map_or(i64::MIN, Timestamp::as_second),
            end: end.map_or(i64::MAX, Timestamp::as_second),
        }
    }

    /// What of it lies within another; `None` when nothing does.
    pub fn within(self, other: Self) -> Option<Self> {
        let cut = Self {
            start: self.start.max(other.start),
            end: self.end.min(other.end),
        };
        (cut.start < cut.end).then_some(cut)
    }
}

/// One on-call assignment of a user.
#[derive(Debug, Clone, Copy)]
pub struct Assignment {
    pub level: i32,
    /// Position of the escalation policy in the account's structure.
    pub policy: Option<usize>,
    pub interval: Interval,
}

/// A user's duty: everything, and level 1 and level 2 and above apart (which may overlap).
#[derive(Debug, Clone, Default)]
pub struct Duty {
    all: Vec<Interval>,
    level_1: Vec<Interval>,
    level_2_plus: Vec<Interval>,
}

/// Seconds of duty in a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DutySeconds {
    pub all: i64,
    pub level_1: i64,
    pub level_2_plus: i64,
}

impl Duty {
    pub fn of(assignments: &[Assignment]) -> Self {
        let those = |wanted: fn(i32) -> bool| {
            let chosen = assignments.iter().filter(|one| wanted(one.level));
            union(chosen.map(|one| one.interval).collect())
        };
        Self {
            all: those(|_| true),
            level_1: those(|level| level == 1),
            level_2_plus: those(|level| level >= 2),
        }
    }

    pub fn seconds(&self, window: Interval) -> DutySeconds {
        DutySeconds {
            all: seconds(&self.all, window),
            level_1: seconds(&self.level_1, window),
            level_2_plus: seconds(&self.level_2_plus, window),
        }
    }

    /// Seconds of duty within a set of times, which is ordered and does not overlap.
    pub fn seconds_within(&self, times: &[Interval], window: Interval) -> i64 {
        let mut rest = times;
        let mut total = 0;
        for piece in clipped(&self.all, window) {
            let past = rest.partition_point(|time| time.end <= piece.start);
            rest = rest.get(past..).unwrap_or_default();
            let met = rest.iter().take_while(|time| time.start < piece.end);
            let met = met.filter_map(|time| time.within(piece));
            total += met.map(|one| one.end - one.start).sum::<i64>();
        }
        total
    }

    /// Number of unbroken stretches of duty that touch the window.
    pub fn stretches(&self, window: Interval) -> i64 {
        clipped(&self.all, window).count() as i64
    }

    /// Number of calendar days in the window with duty; `day_of` numbers the day of a second.
    pub fn days(&self, window: Interval, day_of: impl Fn(i64) -> i64) -> i32 {
        let mut counted = i64::MIN;
        let mut days = 0;
        for piece in clipped(&self.all, window) {
            let first = day_of(piece.start).max(counted.saturating_add(1));
            let last = day_of(piece.end - 1);
            days += (last - first + 1).max(0);
            counted = counted.max(last);
        }
        i32::try_from(days).unwrap_or(i32::MAX)
    }

    /// The end of the latest duty before `t`, `t` itself while it lasts.
    pub fn last(&self, horizon: i64, t: i64) -> Option<i64> {
        let held = Interval {
            start: horizon,
            end: t,
        };
        clipped(&self.all, held).map(|piece| piece.end).max()
    }
}

/// The union, ordered; intervals that touch become one.
fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|one| one.start < one.end);
    intervals.sort_unstable();
    let mut merged: Vec<Interval> = Vec::with_capacity(intervals.len());
    for next in intervals {
        match merged.last_mut() {
            Some(last) if next.start <= last.end => last.end = last.end.max(next.end),
            _ => merged.push(next),
        }
    }
    merged
}

fn clipped(merged: &[Interval], window: Interval) -> impl Iterator<Item = Interval> {
    merged.iter().filter_map(move |one| one.within(window))
}

fn seconds(merged: &[Interval], window: Interval) -> i64 {
    clipped(merged, window).map(|one| one.end - one.start).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::window::DAY_SECONDS;

    fn duty(parts: &[(i32, i64, i64)]) -> Duty {
        let assignments: Vec<_> = parts
            .iter()
            .map(|(level, start, end)| Assignment {
                level: *level,
                policy: None,
                interval: Interval {
                    start: *start,
                    end: *end,
                },
            })
            .collect();
        Duty::of(&assignments)
    }

    fn utc(second: i64) -> i64 {
        second.div_euclid(DAY_SECONDS)
    }

    #[test]
    fn seconds_within_times_count_each_time_once() {
        let duty = duty(&[(1, 0, 100), (1, 150, 400)]);
        let times = [(50, 60), (90, 160), (300, 1_000)].map(|(start, end)| Interval { start, end });
        assert_eq!(duty.seconds_within(&times, WEEK), 10 + 10 + 10 + 100);
        assert_eq!(duty.seconds_within(&[], WEEK), 0);
    }

    const WEEK: Interval = Interval {
        start: 0,
        end: 7 * DAY_SECONDS,
    };

    #[rstest]
    #[case::overlaps_count_once(&[(1, 0, 100), (2, 50, 150)], (150, 100, 100), 1, 1)]
    #[case::touching_is_one_stretch(&[(1, 0, 100), (1, 100, 200)], (200, 200, 0), 1, 1)]
    #[case::a_gap_makes_two(&[(1, 0, 100), (1, 101, 200)], (199, 199, 0), 2, 1)]
    #[case::clipped_at_both_ends(&[(1, -100, 100), (2, 7 * DAY_SECONDS - 10, i64::MAX)], (110, 100, 10), 2, 2)]
    #[case::outside(&[(1, -100, 0), (1, 7 * DAY_SECONDS, i64::MAX)], (0, 0, 0), 0, 0)]
    #[case::for_ever(&[(1, i64::MIN, i64::MAX)], (7 * DAY_SECONDS, 7 * DAY_SECONDS, 0), 1, 7)]
    #[case::empty_is_nothing(&[(1, 100, 100)], (0, 0, 0), 0, 0)]
    #[case::midnight_belongs_to_the_next_day(&[(1, 0, DAY_SECONDS), (1, DAY_SECONDS + 1, DAY_SECONDS + 2)], (DAY_SECONDS + 1, DAY_SECONDS + 1, 0), 2, 2)]
    fn duty_is_the_union_of_what_lies_in_the_window(
        #[case] parts: &[(i32, i64, i64)],
        #[case] expected: (i64, i64, i64),
        #[case] stretches: i64,
        #[case] days: i32,
    ) {
        let duty = duty(parts);
        let seconds = duty.seconds(WEEK);
        assert_eq!(
            (seconds.all, seconds.level_1, seconds.level_2_plus),
            expected
        );
        assert_eq!(duty.stretches(WEEK), stretches);
        assert_eq!(duty.days(WEEK, utc), days);
    }

    #[test]
    fn the_last_duty_ends_at_t_while_it_lasts() {
        assert_eq!(
            duty(&[(1, 0, 10), (1, 20, 90)]).last(i64::MIN, 50),
            Some(50)
        );
        assert_eq!(
            duty(&[(1, 0, 10), (1, 60, 90)]).last(i64::MIN, 50),
            Some(10)
        );
        assert_eq!(duty(&[(1, 50, 90)]).last(i64::MIN, 50), None);
        assert_eq!(duty(&[(1, 0, 10)]).last(10, 50), None);
    }

    proptest! {
        #[test]
        fn seconds_and_days_agree_with_counting_them(parts in prop::collection::vec((1..4_i32, -50..400_i64, -50..400_i64), 0..12)) {
            let hours: Vec<_> = parts.iter().map(|(l, a, b)| (*l, a * 3600, b * 3600)).collect();
            let duty = duty(&hours);
            let on = |hour: i64| parts.iter().any(|(_, a, b)| (*a..*b).contains(&hour));
            let counted: Vec<i64> = (0..7 * 24).filter(|hour| on(*hour)).collect();
            prop_assert_eq!(duty.seconds(WEEK).all, counted.len() as i64 * 3600);
            let days: std::collections::BTreeSet<_> = counted.iter().map(|hour| hour / 24).collect();
            prop_assert_eq!(duty.days(WEEK, utc) as usize, days.len());
        }
    }
}
