//! The datasets: how the history of each is kept up to date, and what is known of it. Where they
//! are at PagerDuty and how they are spelled there is `pagerduty::endpoint`'s.

use jiff::{SignedDuration, Timestamp};
use proto::{
    facts::v1::{Completeness, Dataset, DatasetState},
    time::to_proto,
};

use crate::window::{Interval, Planned, Rule, plan};

/// The datasets that a run fetches, in this order.
pub const COLLECTED: [Dataset; 11] = [
    Dataset::Users,
    Dataset::Licenses,
    Dataset::LicenseAllocations,
    Dataset::Teams,
    Dataset::Services,
    Dataset::EscalationPolicies,
    Dataset::Schedules,
    Dataset::UserAnalytics,
    Dataset::Oncalls,
    Dataset::LogEntries,
    Dataset::Incidents,
];

/// What is known of a dataset of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Which one.
    pub dataset: Dataset,
    /// How much of it there is.
    pub completeness: Completeness,
    /// Start of the event time that is complete.
    pub covered_from: Option<Timestamp>,
    /// End of it, or the instant of a snapshot.
    pub covered_to: Option<Timestamp>,
    /// Public words when not complete.
    pub reason: String,
}

impl State {
    /// Nothing fetched yet.
    pub fn pending(dataset: Dataset) -> Self {
        Self {
            dataset,
            completeness: Completeness::Pending,
            covered_from: None,
            covered_to: None,
            reason: String::new(),
        }
    }

    /// The covered event time of a history.
    pub fn coverage(&self) -> Option<Interval> {
        Some(Interval {
            from: self.covered_from?,
            to: self.covered_to?,
        })
    }

    /// On the wire.
    pub fn to_proto(&self) -> DatasetState {
        DatasetState {
            dataset: self.dataset.into(),
            completeness: self.completeness.into(),
            covered_from: self.covered_from.map(to_proto),
            covered_to: self.covered_to.map(to_proto),
            reason: self.reason.clone(),
        }
    }
}

/// How the windows of a history are made; `None` for a snapshot.
pub fn rule(dataset: Dataset) -> Option<Rule> {
    let rule = |overlap, foresight, floor| {
        Some(Rule {
            overlap,
            foresight,
            floor,
        })
    };
    let second = SignedDuration::from_secs(1);
    match dataset {
        // Late entries of the same incident.
        Dataset::LogEntries => rule(SignedDuration::from_mins(10), false, second),
        // No updated-since filter: responders and states of the last week may have changed.
        Dataset::Incidents => rule(SignedDuration::from_hours(7 * 24), false, second),
        // Overrides are made after the fact. A cut repeats every interval that spans it, so that
        // cutting below an hour would only make more of them.
        Dataset::Oncalls => rule(
            SignedDuration::from_hours(30 * 24),
            true,
            SignedDuration::from_hours(1),
        ),
        _ => None,
    }
}

/// Everything a run at `as_of` has to fetch, in the order in which it is fetched.
pub fn plan_run(known: &[State], as_of: Timestamp, history: SignedDuration) -> Vec<Planned> {
    let windows = |dataset: Dataset| {
        let state = known.iter().find(|state| state.dataset == dataset);
        let intervals = match rule(dataset) {
            Some(rule) => plan(rule, state, as_of, history),
            None => vec![Interval::instant(as_of)],
        };
        intervals
            .into_iter()
            .map(move |interval| Planned { dataset, interval })
    };
    COLLECTED.into_iter().flat_map(windows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_history_has_a_rule_and_no_snapshot_has() {
        for dataset in COLLECTED {
            assert_eq!(
                rule(dataset).is_some(),
                dataset.is_windowed(),
                "{dataset:?}"
            );
        }
    }

    #[test]
    fn a_first_run_fetches_snapshots_before_histories() {
        let as_of = Timestamp::UNIX_EPOCH;
        let planned = plan_run(&[], as_of, SignedDuration::from_hours(365 * 24));
        assert_eq!(planned.len(), 8 + 14 + 13 + 13);
        assert_eq!(planned[0].dataset, Dataset::Users);
        assert_eq!(
            planned[8].interval.from, as_of,
            "the future of duty comes first"
        );
    }
}
