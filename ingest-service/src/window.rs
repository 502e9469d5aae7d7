//! Windows of event time: what a run has to fetch of a history, and how a window that holds too
//! much is cut. Pure: no requests, no database.

use jiff::{SignedDuration, Timestamp};
use proto::facts::v1::Dataset;

use crate::dataset::State;

/// Longest window: the tightest of PagerDuty's documented and observed limits (`/oncalls`).
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How far ahead on-call duty and schedules are read.
pub const FORESIGHT: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Records behind which PagerDuty's offset pagination ends (code 2002).
pub const OFFSET_LIMIT: i64 = 10_000;
/// Records a part should hold: half of what fits, so that an uneven window is seldom cut twice.
const COMFORTABLE: i64 = OFFSET_LIMIT / 2;
/// Parts when PagerDuty does not say how much there is.
const BLIND_PARTS: i64 = 4;
/// Most parts of one cut.
const MOST_PARTS: i64 = 64;

/// Half-open interval `[from, to)` in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// First instant.
    pub from: Timestamp,
    /// First instant behind.
    pub to: Timestamp,
}

/// One window of one dataset. A snapshot's window has no length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// What is fetched.
    pub dataset: Dataset,
    /// For which time.
    pub interval: Interval,
}

/// How the history of a dataset is kept up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What is read again before the end of what is covered, because it may still have changed.
    pub overlap: SignedDuration,
    /// Whether the time after `as_of` is read too.
    pub foresight: bool,
    /// A window is never cut below this.
    pub floor: SignedDuration,
}

impl Interval {
    /// Of no length: a snapshot's.
    pub fn instant(at: Timestamp) -> Self {
        Self { from: at, to: at }
    }

    /// Whole seconds.
    pub fn seconds(self) -> i64 {
        self.to.as_second() - self.from.as_second()
    }

    /// Cut into windows of at most [`LONGEST`], the newest first.
    pub fn windows(self) -> Vec<Self> {
        let mut windows = Vec::new();
        let mut to = self.to;
        while to > self.from {
            let from = (to - LONGEST).max(self.from);
            windows.push(Self { from, to });
            to = from;
        }
        windows
    }

    /// Cut into enough equal parts for `total` records (`None`: unknown, but too many), the newest
    /// first; `None` when it is too short to be cut.
    pub fn split(self, total: Option<i64>, floor: SignedDuration) -> Option<Vec<Self>> {
        let wanted = total.map_or(BLIND_PARTS, |total| total.div_euclid(COMFORTABLE) + 1);
        let longest_division = self.seconds() / floor.as_secs().max(1);
        let parts = wanted.clamp(2, MOST_PARTS).min(longest_division);
        if parts < 2 {
            return None;
        }
        let start = self.from.as_second();
        let edge = |n: i64| Timestamp::from_second(start + self.seconds() * n / parts);
        let parts = (0..parts).rev().map(|n| {
            let (from, to) = (edge(n).ok()?, edge(n + 1).ok()?);
            Some(Self { from, to })
        });
        parts.collect()
    }
}

/// The windows of a history that a run at `as_of` has to fetch: what is new, what may have changed,
/// and what earlier runs could not get; the newest first.
pub fn plan(
    rule: Rule,
    known: Option<&State>,
    as_of: Timestamp,
    history: SignedDuration,
) -> Vec<Interval> {
    let horizon = as_of - history;
    let mut pieces = Vec::new();
    if rule.foresight {
        pieces.push(Interval {
            from: as_of,
            to: as_of + FORESIGHT,
        });
    }
    match known.and_then(|state| Some((state.covered_from?, state.covered_to?))) {
        None => pieces.push(Interval {
            from: horizon,
            to: as_of,
        }),
        Some((covered_from, covered_to)) => {
            let from = (covered_to - rule.overlap).max(horizon);
            pieces.push(Interval {
                from: from.min(as_of),
                to: as_of,
            });
            let to = covered_from.min(from);
            pieces.push(Interval { from: horizon, to });
        }
    }
    pieces.into_iter().flat_map(Interval::windows).collect()
}

/// What is covered after a run: the unbroken stretch of closed windows that ends at `as_of`, joined
/// with what was covered before. A gap between the two keeps the older, longer knowledge.
pub fn covered(
    closed: &[Interval],
    before: Option<Interval>,
    as_of: Timestamp,
) -> Option<Interval> {
    let mut from = as_of;
    let mut newest_first: Vec<_> = closed.iter().filter(|window| window.to <= as_of).collect();
    newest_first.sort_by_key(|window| std::cmp::Reverse(window.to));
    for window in newest_first {
        if let Some(old) = before.filter(|old| old.to >= from && old.from < from) {
            from = old.from;
        }
        if window.to >= from {
            from = from.min(window.from);
        }
    }
    if let Some(old) = before.filter(|old| old.to >= from && old.from < from) {
        from = old.from;
    }
    if from == as_of {
        return before;
    }
    match before {
        Some(old) if old.to < from => Some(old),
        _ => Some(Interval { from, to: as_of }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proto::facts::v1::Completeness;

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);
    const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
    const RULE: Rule = Rule {
        overlap: SignedDuration::from_mins(10),
        foresight: false,
        floor: SignedDuration::from_secs(1),
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn state(from: Timestamp, to: Timestamp) -> State {
        State {
            dataset: Dataset::LogEntries,
            completeness: Completeness::Complete,
            covered_from: Some(from),
            covered_to: Some(to),
            reason: String::new(),
        }
    }

    fn cover_exactly(pieces: &[Interval], whole: Interval) {
        let mut to = whole.to;
        for piece in pieces {
            assert_eq!(piece.to, to, "pieces touch, the newest first");
            assert!(piece.from < piece.to, "no piece is empty");
            to = piece.from;
        }
        assert_eq!(to, whole.from);
    }

    /// Cuts as a run would, against records spread over the window.
    fn leaves(window: Interval, events: &[i64], limit: usize) -> Vec<Interval> {
        let inside = |w: Interval| {
            events
                .iter()
                .filter(|e| (w.from.as_second()..w.to.as_second()).contains(*e))
                .count()
        };
        let count = inside(window);
        if count <= limit {
            return vec![window];
        }
        let total = count as i64 * (OFFSET_LIMIT / limit as i64);
        match window.split(Some(total), RULE.floor) {
            Some(parts) => parts
                .into_iter()
                .flat_map(|part| leaves(part, events, limit))
                .collect(),
            None => vec![window],
        }
    }

    proptest! {
        #[test]
        fn windows_cover_an_interval_exactly(start in 0_i64..2_000_000_000, length in 1_i64..70_000_000) {
            let whole = Interval { from: at(start), to: at(start + length) };
            let windows = whole.windows();
            cover_exactly(&windows, whole);
            prop_assert!(windows.iter().all(|w| w.seconds() <= LONGEST.as_secs()));
        }

        #[test]
        fn the_leaves_of_a_bisection_cover_the_window_exactly(
            start in 0_i64..2_000_000_000,
            length in 1_i64..2_592_000,
            offsets in prop::collection::vec(0.0_f64..1.0, 0..400),
        ) {
            let whole = Interval { from: at(start), to: at(start + length) };
            let events: Vec<_> = offsets.iter().map(|o| start + (o * length as f64) as i64).collect();
            let leaves = leaves(whole, &events, 10);
            cover_exactly(&leaves, whole);
            for leaf in leaves {
                let inside = events.iter().filter(|e| (leaf.from.as_second()..leaf.to.as_second()).contains(*e)).count();
                prop_assert!(inside <= 10 || leaf.seconds() == 1);
            }
        }

        #[test]
        fn parts_are_never_shorter_than_the_floor(length in 1_i64..100_000, total in 10_001_i64..1_000_000, floor in 1_i64..4_000) {
            let whole = Interval { from: at(0), to: at(length) };
            let floor = SignedDuration::from_secs(floor);
            match whole.split(Some(total), floor) {
                Some(parts) => {
                    cover_exactly(&parts, whole);
                    prop_assert!(parts.len() >= 2);
                    prop_assert!(parts.iter().all(|part| part.seconds() >= floor.as_secs()));
                }
                None => prop_assert!(length < 2 * floor.as_secs()),
            }
        }
    }

    #[test]
    fn a_first_run_reads_the_whole_history() {
        let as_of = at(1_700_000_000);
        let windows = plan(RULE, None, as_of, YEAR);
        assert_eq!(windows.len(), 13);
        cover_exactly(
            &windows,
            Interval {
                from: as_of - YEAR,
                to: as_of,
            },
        );
    }

    #[test]
    fn a_later_run_reads_what_is_new_and_the_overlap() {
        let as_of = at(1_700_000_000);
        let before = as_of - SignedDuration::from_hours(1);
        let windows = plan(RULE, Some(&state(before - YEAR, before)), as_of, YEAR);
        assert_eq!(
            windows,
            [Interval {
                from: before - RULE.overlap,
                to: as_of
            }]
        );
    }

    #[test]
    fn a_later_run_fetches_the_history_that_is_still_missing() {
        let as_of = at(1_700_000_000);
        let before = as_of - SignedDuration::from_hours(1);
        let windows = plan(RULE, Some(&state(before - DAY * 60, before)), as_of, YEAR);
        let old = Interval {
            from: as_of - YEAR,
            to: before - DAY * 60,
        };
        cover_exactly(&windows[1..], old);
    }

    #[test]
    fn duty_is_read_thirty_days_ahead() {
        let as_of = at(1_700_000_000);
        let windows = plan(
            Rule {
                foresight: true,
                ..RULE
            },
            None,
            as_of,
            DAY,
        );
        assert_eq!(
            windows[0],
            Interval {
                from: as_of,
                to: as_of + FORESIGHT
            }
        );
        assert_eq!(windows.len(), 2);
    }

    #[test]
    fn coverage_ends_at_the_first_hole() {
        let day = |n: i64| at(86_400 * n);
        let window = |from, to| Interval {
            from: day(from),
            to: day(to),
        };
        let as_of = day(100);
        assert_eq!(
            covered(&[window(90, 100), window(70, 80)], None, as_of),
            Some(window(90, 100))
        );
        assert_eq!(covered(&[window(100, 130)], None, as_of), None);
        let old = Some(window(10, 92));
        assert_eq!(
            covered(&[window(90, 100)], old, as_of),
            Some(window(10, 100))
        );
        assert_eq!(covered(&[window(95, 100)], old, as_of), old);
        assert_eq!(
            covered(&[window(90, 100), window(0, 10)], old, as_of),
            Some(window(0, 100))
        );
        assert_eq!(covered(&[], old, as_of), old);
    }
}
