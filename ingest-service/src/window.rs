//! Windows of event time: what a run has to fetch of a history, and how a window that holds too
//! much is cut. Pure: no requests, no database.

use jiff::{SignedDuration, Timestamp};
use proto::facts::v1::Dataset;

use crate::coverage::Coverage;

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
    /// Windows that are whole weeks or days, because what is asked for are sums over them.
    pub grid: Option<Grid>,
    /// How far back it is read at most, whatever the history of the other datasets is.
    pub reach: SignedDuration,
}

impl Default for Rule {
    fn default() -> Self {
        Self {
            overlap: SignedDuration::ZERO,
            foresight: false,
            floor: SignedDuration::from_secs(1),
            grid: None,
            reach: NEVER_CUT,
        }
    }
}

/// The floor of windows that hold no more than can be had.
pub const NEVER_CUT: SignedDuration = SignedDuration::from_hours(24 * 36_500);

/// Where windows begin and end that are sums of their own. The newest ends at as_of all the same,
/// and replaces itself until it is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Mondays, UTC.
    Weeks,
    /// Midnights, UTC.
    Days,
}

impl Grid {
    /// The cells that an interval touches, the newest first.
    pub fn cells(self, interval: Interval) -> Vec<Interval> {
        const DAY: i64 = 86_400;
        // 1970-01-05 was a Monday.
        let (length, origin) = match self {
            Self::Weeks => (7 * DAY, 4 * DAY),
            Self::Days => (DAY, 0),
        };
        let mut cells = Vec::new();
        let mut to = interval.to;
        while to > interval.from {
            let last = to.as_second() - 1 - origin;
            let Ok(from) = Timestamp::from_second(last.div_euclid(length) * length + origin) else {
                break;
            };
            cells.push(Interval { from, to });
            to = from;
        }
        cells
    }
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
/// and whatever is not covered back to the horizon; the newest first.
pub fn plan(
    rule: Rule,
    covered: &Coverage,
    as_of: Timestamp,
    history: SignedDuration,
) -> Vec<Interval> {
    let mut windows = Vec::new();
    if rule.foresight {
        let ahead = Interval {
            from: as_of,
            to: as_of + FORESIGHT,
        };
        windows.extend(ahead.windows());
    }
    let whole = Interval {
        from: as_of - history.min(rule.reach),
        to: as_of,
    };
    let known = match covered.newest(as_of) {
        // The end of what is covered may still have changed, and everything behind it is new.
        Some(newest) => covered.without(Interval {
            from: newest.to - rule.overlap,
            to: as_of,
        }),
        None => Coverage::default(),
    };
    let missing = known.missing(whole);
    match rule.grid {
        None => windows.extend(missing.into_iter().flat_map(Interval::windows)),
        Some(grid) => {
            let wanted = |cell: &Interval| {
                let touches = |hole: &Interval| hole.from < cell.to && cell.from < hole.to;
                missing.iter().any(touches)
            };
            windows.extend(grid.cells(whole).into_iter().filter(wanted));
        }
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);
    const YEAR: SignedDuration = SignedDuration::from_hours(365 * 24);
    const RULE: Rule = Rule {
        overlap: SignedDuration::from_mins(10),
        foresight: false,
        floor: SignedDuration::from_secs(1),
        grid: None,
        reach: NEVER_CUT,
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn known(from: Timestamp, to: Timestamp) -> Coverage {
        Coverage::of([Interval { from, to }])
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
        let windows = plan(RULE, &Coverage::default(), as_of, YEAR);
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
        let windows = plan(RULE, &known(before - YEAR, before), as_of, YEAR);
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
        let windows = plan(RULE, &known(before - DAY * 60, before), as_of, YEAR);
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
            &Coverage::default(),
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
    fn weeks_begin_on_mondays_and_the_newest_ends_now() {
        let as_of: Timestamp = "2026-08-19T12:00:00Z".parse().expect("a Wednesday");
        let rule = Rule {
            grid: Some(Grid::Weeks),
            overlap: DAY * 7,
            floor: NEVER_CUT,
            ..RULE
        };
        let shown = |windows: &[Interval]| -> Vec<String> {
            let one = |window: &Interval| format!("{} {}", window.from, window.to);
            windows.iter().map(one).collect()
        };
        let first = plan(rule, &Coverage::default(), as_of, DAY * 14);
        let weeks = [
            "2026-08-17T00:00:00Z 2026-08-19T12:00:00Z",
            "2026-08-10T00:00:00Z 2026-08-17T00:00:00Z",
            "2026-08-03T00:00:00Z 2026-08-10T00:00:00Z",
        ];
        assert_eq!(shown(&first), weeks);
        let later = plan(rule, &Coverage::of(first), as_of + DAY, DAY * 14);
        let again = ["2026-08-17T00:00:00Z 2026-08-20T12:00:00Z", weeks[1]];
        assert_eq!(shown(&later), again);
    }

    #[test]
    fn a_hole_in_the_middle_is_fetched_again_and_nothing_else() {
        let as_of = at(1_700_000_000);
        let before = as_of - SignedDuration::from_hours(1);
        let hole = Interval {
            from: before - DAY * 60,
            to: before - DAY * 60 + SignedDuration::from_secs(7),
        };
        let coverage = known(before - YEAR, before).without(hole);
        let fresh = Interval {
            from: before - RULE.overlap,
            to: as_of,
        };
        assert_eq!(plan(RULE, &coverage, as_of, YEAR), [fresh, hole]);
    }

    #[test]
    fn a_longer_horizon_fetches_what_lies_between() {
        let as_of = at(1_700_000_000);
        let windows = plan(RULE, &known(as_of - DAY * 90, as_of), as_of, DAY * 120);
        let older = Interval {
            from: as_of - DAY * 120,
            to: as_of - DAY * 90,
        };
        assert_eq!(windows[1..], [older]);
    }
}
