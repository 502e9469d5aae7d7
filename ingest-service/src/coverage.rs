//! The event time of a history that is known completely: disjoint intervals. A crash leaves what was
//! closed before it, an unreadable window leaves exactly its own hole. Pure.

use jiff::Timestamp;

use crate::window::Interval;

/// Disjoint, none empty, none touching the next, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage(Vec<Interval>);

impl Coverage {
    /// The union of these.
    pub fn of(intervals: impl IntoIterator<Item = Interval>) -> Self {
        let mut sorted: Vec<Interval> = intervals
            .into_iter()
            .filter(|one| one.from < one.to)
            .collect();
        sorted.sort_by_key(|one| one.from);
        let mut joined: Vec<Interval> = Vec::with_capacity(sorted.len());
        for one in sorted {
            match joined.last_mut() {
                Some(last) if one.from <= last.to => last.to = last.to.max(one.to),
                _ => joined.push(one),
            }
        }
        Self(joined)
    }

    /// Its parts, oldest first.
    pub fn intervals(&self) -> &[Interval] {
        &self.0
    }

    /// With one more interval.
    #[must_use]
    pub fn with(&self, interval: Interval) -> Self {
        Self::of(self.0.iter().copied().chain([interval]))
    }

    /// Without an interval.
    #[must_use]
    pub fn without(&self, hole: Interval) -> Self {
        let around = |one: &Interval| {
            let before = Interval {
                from: one.from,
                to: one.to.min(hole.from),
            };
            let after = Interval {
                from: one.from.max(hole.to),
                to: one.to,
            };
            [before, after]
        };
        if hole.from >= hole.to {
            return self.clone();
        }
        Self::of(self.0.iter().flat_map(around))
    }

    /// What of an interval is not covered, the newest first.
    pub fn missing(&self, whole: Interval) -> Vec<Interval> {
        let mut to = whole.to;
        let mut holes = Vec::new();
        for one in self.0.iter().rev() {
            if one.to < to {
                holes.push(Interval {
                    from: one.to.max(whole.from),
                    to,
                });
            }
            to = to.min(one.from);
        }
        holes.push(Interval {
            from: whole.from,
            to,
        });
        holes.retain(|hole| hole.from < hole.to);
        holes
    }

    /// The unbroken stretch that ends last, cut off at `until`.
    pub fn newest(&self, until: Timestamp) -> Option<Interval> {
        let newest = self.0.iter().rev().find(|one| one.from < until)?;
        Some(Interval {
            from: newest.from,
            to: newest.to.min(until),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn span(from: i64, to: i64) -> Interval {
        let at = |second| Timestamp::from_second(second).expect("in range");
        Interval {
            from: at(from),
            to: at(to),
        }
    }

    fn contains(coverage: &Coverage, second: i64) -> bool {
        let one = span(second, second + 1);
        coverage
            .intervals()
            .iter()
            .any(|part| part.from <= one.from && part.to >= one.to)
    }

    proptest! {
        /// Compared with a set of seconds.
        #[test]
        fn a_coverage_is_a_set_of_seconds(steps in prop::collection::vec((any::<bool>(), 0_i64..60, 0_i64..20), 0..40)) {
            let mut coverage = Coverage::default();
            let mut seconds = std::collections::BTreeSet::new();
            for (add, from, length) in steps {
                let interval = span(from, from + length);
                if add {
                    coverage = coverage.with(interval);
                    seconds.extend(from..from + length);
                } else {
                    coverage = coverage.without(interval);
                    seconds.retain(|second| !(from..from + length).contains(second));
                }
            }
            for second in 0..80 {
                prop_assert_eq!(contains(&coverage, second), seconds.contains(&second), "{}", second);
            }
            prop_assert!(coverage.intervals().windows(2).all(|two| two[0].to < two[1].from));
            let missing = Coverage::of(coverage.missing(span(5, 70)));
            for second in 5..70 {
                prop_assert_eq!(contains(&missing, second), !seconds.contains(&second), "{}", second);
            }
            prop_assert!(!contains(&missing, 4) && !contains(&missing, 70));
        }
    }

    #[test]
    fn the_newest_stretch_ends_at_the_first_hole() {
        let coverage = Coverage::of([span(10, 40), span(50, 90), span(90, 130)]);
        let at = |second| Timestamp::from_second(second).expect("in range");
        assert_eq!(coverage.newest(at(100)), Some(span(50, 100)));
        assert_eq!(coverage.newest(at(45)), Some(span(10, 40)));
        assert_eq!(coverage.newest(at(10)), None);
    }

    #[test]
    fn what_is_missing_comes_newest_first() {
        let coverage = Coverage::of([span(10, 40), span(50, 90)]);
        assert_eq!(
            coverage.missing(span(0, 100)),
            [span(90, 100), span(40, 50), span(0, 10)]
        );
        assert!(coverage.missing(span(50, 90)).is_empty());
    }
}
