//! Which part of each dataset is known completely. A verdict of "unused" needs proof that nothing
//! could have been missed, so what a run claims only counts as far as stored receipts prove it.

use jiff::Timestamp;
use proto::facts::v1::{Completeness, Dataset};
use serde::{Deserialize, Serialize};

/// The state of one dataset of one connection at a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    pub dataset: Dataset,
    pub completeness: Completeness,
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// Public words when not complete.
    pub reason: String,
}

/// A half-open interval of event time whose pages are all stored.
pub type StoredWindow = (Timestamp, Timestamp);

impl Coverage {
    /// Whether nothing between `from` and `t` can be missing.
    pub fn is_complete_for(&self, from: Timestamp, t: Timestamp) -> bool {
        let is_history = self.dataset.is_windowed() || self.dataset == Dataset::Webhooks;
        if !is_history {
            return self.completeness == Completeness::Complete;
        }
        matches!((self.from, self.to), (Some(start), Some(end)) if start <= from && end >= t)
    }

    /// The claim cut down to the stretch of stored windows that reaches its end.
    #[must_use]
    pub fn proven_by(mut self, mut stored: Vec<StoredWindow>) -> Self {
        let (Some(from), Some(to)) = (self.from, self.to) else {
            return self;
        };
        if !self.dataset.is_windowed() {
            return self;
        }
        stored.sort_unstable_by_key(|(start, end)| (*end, *start));
        let mut reached = to;
        for (start, end) in stored.into_iter().rev() {
            if end < reached {
                break;
            }
            reached = reached.min(start);
        }
        if reached > from {
            self.from = (reached < to).then_some(reached);
            self.to = self.from.map(|_| to);
            if self.completeness == Completeness::Complete {
                self.completeness = Completeness::Partial;
                "older history is still being stored".clone_into(&mut self.reason);
            }
        }
        self
    }
}

/// The states of all datasets of one connection.
#[derive(Debug, Clone, Default)]
pub struct Sources(pub Vec<Coverage>);

impl Sources {
    pub fn state(&self, dataset: &str) -> Option<&Coverage> {
        self.0.iter().find(|one| one.dataset.name() == dataset)
    }

    /// Whether nothing of a dataset between `from` and `t` can be missing.
    pub fn is_complete(&self, dataset: &str, from: Timestamp, t: Timestamp) -> bool {
        self.state(dataset)
            .is_some_and(|one| one.is_complete_for(from, t))
    }

    /// Whether the account's plan lacks what a dataset is about.
    pub fn is_not_in_plan(&self, dataset: &str) -> bool {
        self.state(dataset)
            .is_some_and(|one| one.completeness == Completeness::NotInPlan)
    }

    /// Whether every sign-in is known: from analytics, or from sessions where those are not readable.
    pub fn tells_sign_ins(&self, from: Timestamp, t: Timestamp) -> bool {
        self.is_complete("user_analytics", from, t) || self.is_complete("user_delegations", from, t)
    }

    /// The interval of a history that is complete.
    pub fn covered(&self, dataset: &str) -> Option<StoredWindow> {
        let state = self.state(dataset)?;
        Some((state.from?, state.to?))
    }
}

/// Datasets of things whose absence from the plan proves that nobody can have used them.
const PLANNED: [&str; 3] = [
    "automation_actions",
    "automation_invocations",
    "event_orchestrations",
];
/// Histories and lists that can show an action.
const ACTIONS: [&str; 4] = ["log_entries", "incidents", "oncalls", "maintenance_windows"];

/// Whether what a class depends on is complete for a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassProof {
    /// Everything that could show an action or duty is known.
    pub activity: bool,
    /// Everything that could show a sign-in is known.
    pub sign_ins: bool,
    /// Everything that could show that somebody stands by is known.
    pub standby: bool,
}

impl ClassProof {
    /// `accepted` names datasets whose absence the organization accepts.
    pub fn of(sources: &Sources, from: Timestamp, t: Timestamp, accepted: &[String]) -> Self {
        let complete = |name: &str| sources.is_complete(name, from, t);
        let planned = |name: &str| complete(name) || sources.is_not_in_plan(name);
        let audited =
            complete("audit_records") || accepted.iter().any(|one| one == "audit_records");
        Self {
            activity: ACTIONS.into_iter().all(complete)
                && PLANNED.into_iter().all(planned)
                && audited,
            sign_ins: sources.tells_sign_ins(from, t),
            standby: complete("schedules") && complete("escalation_policies"),
        }
    }

    /// Actions, duty and sign-ins.
    pub fn of_everything(self) -> bool {
        self.activity && self.sign_ins
    }
}

/// The stored form of a [`Coverage`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CoverageRow {
    pub dataset: String,
    pub state: String,
    pub reason: String,
    pub covered_from: Option<Timestamp>,
    pub covered_to: Option<Timestamp>,
}

impl From<&Coverage> for CoverageRow {
    fn from(coverage: &Coverage) -> Self {
        Self {
            dataset: coverage.dataset.name().to_owned(),
            state: coverage.completeness.name().to_owned(),
            reason: coverage.reason.clone(),
            covered_from: coverage.from,
            covered_to: coverage.to,
        }
    }
}

impl CoverageRow {
    /// `None` for a dataset that this version does not know.
    pub fn into_coverage(self) -> Option<Coverage> {
        Some(Coverage {
            dataset: Dataset::from_name(&self.dataset)?,
            completeness: Completeness::from_name(&self.state).unwrap_or(Completeness::Pending),
            from: self.covered_from,
            to: self.covered_to,
            reason: self.reason,
        })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("valid")
    }

    fn claim(from: i64, to: i64) -> Coverage {
        Coverage {
            dataset: Dataset::LogEntries,
            completeness: Completeness::Complete,
            from: Some(at(from)),
            to: Some(at(to)),
            reason: String::new(),
        }
    }

    #[rstest]
    #[case::all_there(&[(0, 50), (50, 100)], Some(0))]
    #[case::overlapping(&[(0, 60), (50, 100)], Some(0))]
    #[case::one_around_the_other(&[(0, 100), (40, 50)], Some(0))]
    #[case::a_hole(&[(0, 40), (50, 100)], Some(50))]
    #[case::the_end_is_missing(&[(0, 90)], None)]
    #[case::nothing(&[], None)]
    #[case::more_than_claimed(&[(-50, 120)], Some(0))]
    fn a_claim_holds_as_far_as_stored_windows_reach(
        #[case] stored: &[(i64, i64)],
        #[case] expected: Option<i64>,
    ) {
        let stored = stored.iter().map(|(a, b)| (at(*a), at(*b))).collect();
        let proven = claim(0, 100).proven_by(stored);
        assert_eq!(proven.from, expected.map(at));
        assert_eq!(
            proven.completeness == Completeness::Complete,
            expected == Some(0)
        );
        assert_eq!(proven.is_complete_for(at(0), at(100)), expected == Some(0));
    }

    #[test]
    fn a_complete_interval_counts_whatever_happened_outside_of_it() {
        let mut coverage = claim(0, 100);
        coverage.completeness = Completeness::Partial;
        assert!(coverage.is_complete_for(at(10), at(100)));
        assert!(!coverage.is_complete_for(at(-1), at(100)));
        assert!(!coverage.is_complete_for(at(10), at(101)));
    }
}
