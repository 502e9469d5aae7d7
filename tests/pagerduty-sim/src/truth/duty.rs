//! Duty: the union of somebody's on-call periods.

use crate::world::{DAY, OnCall};

/// Half-open seconds.
pub(crate) type Span = (i64, i64);

/// One person's on-call periods that overlap the horizon, cut to it, with their levels.
#[derive(Debug, Clone, Default)]
pub(crate) struct Periods(Vec<(Span, u32)>);

/// What duty comes to within a window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Duty {
    pub(crate) seconds: i64,
    pub(crate) level_1: i64,
    pub(crate) level_2_plus: i64,
    /// Periods that neither overlap nor touch each other.
    pub(crate) uses: u64,
    pub(crate) active_days: u64,
    /// When the latest duty up to the window's end ended.
    pub(crate) last: Option<i64>,
}

impl Periods {
    pub(crate) fn add(&mut self, row: &OnCall, (from, to): Span) {
        let (start, end) = row.span.unwrap_or((i64::MIN, i64::MAX));
        self.0.push(((start.max(from), end.min(to)), row.level));
    }

    /// Duty within `[from, to)`; `to` is also where the periods were cut.
    pub(crate) fn duty(&self, (from, to): Span) -> Duty {
        let all = self.union((from, to), |_| true);
        Duty {
            seconds: length(&all),
            level_1: length(&self.union((from, to), |level| level == 1)),
            level_2_plus: length(&self.union((from, to), |level| level > 1)),
            uses: all.len() as u64,
            active_days: days(&all),
            last: self.0.iter().map(|((_, end), _)| *end).max(),
        }
    }

    /// Duty within business hours.
    pub(crate) fn business_seconds(&self, window: Span) -> i64 {
        let all = self.union(window, |_| true);
        all.into_iter().map(super::load::business_seconds).sum()
    }

    fn union(&self, (from, to): Span, wanted: impl Fn(u32) -> bool) -> Vec<Span> {
        let inside = self
            .0
            .iter()
            .filter(|(_, level)| wanted(*level))
            .map(|((start, end), _)| (*start.max(&from), *end.min(&to)));
        let mut spans: Vec<Span> = inside.filter(|(start, end)| start < end).collect();
        spans.sort_unstable();
        let mut merged: Vec<Span> = Vec::new();
        for (start, end) in spans {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        merged
    }
}

fn length(spans: &[Span]) -> i64 {
    spans.iter().map(|(start, end)| end - start).sum()
}

/// UTC days that the (sorted, disjoint) spans touch.
fn days(spans: &[Span]) -> u64 {
    let (mut count, mut next) = (0, i64::MIN);
    for (start, end) in spans {
        let first = start.div_euclid(DAY).max(next);
        let last = (end - 1).div_euclid(DAY);
        if last >= first {
            count += last - first + 1;
            next = last + 1;
        }
    }
    count as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(level: u32, span: Option<Span>) -> OnCall {
        OnCall {
            policy: 0,
            level,
            schedule: None,
            user: 0,
            span,
        }
    }

    #[test]
    fn overlapping_periods_count_once_and_touching_ones_merge() {
        let mut periods = Periods::default();
        for (level, start, end) in [(1, 0, 100), (2, 50, 150), (1, 150, 200), (1, 300, 400)] {
            periods.add(&row(level, Some((start, end))), (0, 1_000));
        }
        let duty = periods.duty((0, 1_000));
        assert_eq!(
            (duty.seconds, duty.level_1, duty.level_2_plus),
            (300, 250, 100)
        );
        assert_eq!((duty.uses, duty.active_days, duty.last), (2, 1, Some(400)));
    }

    #[test]
    fn permanent_duty_fills_the_window() {
        let mut periods = Periods::default();
        periods.add(&row(3, None), (0, 10 * DAY));
        let duty = periods.duty((8 * DAY, 10 * DAY));
        assert_eq!(
            (duty.seconds, duty.level_1, duty.active_days),
            (2 * DAY, 0, 2)
        );
        assert_eq!(duty.last, Some(10 * DAY));
    }

    #[test]
    fn duty_before_the_window_is_remembered_only_as_the_last() {
        let mut periods = Periods::default();
        periods.add(&row(1, Some((10, 20))), (0, 1_000));
        let duty = periods.duty((500, 1_000));
        assert_eq!((duty.seconds, duty.uses, duty.last), (0, 0, Some(20)));
    }
}
