//! The datasets: how the history of each is kept up to date, and what is known of it. Where they
//! are at PagerDuty and how they are spelled there is `pagerduty::endpoint`'s.

use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use proto::{
    facts::v1::{Completeness, Dataset, DatasetState},
    time::to_proto,
};

use crate::{
    coverage::Coverage,
    pagerduty::endpoint::{self, Freshness},
    window::{Grid, Interval, NEVER_CUT, Planned, Rule, plan},
};

/// The datasets that a run fetches, in this order: all but those that are pushed.
pub const COLLECTED: [Dataset; 33] = match Dataset::ALL.first_chunk() {
    Some(fetched) => *fetched,
    None => [Dataset::Unspecified; 33],
};

/// A complete snapshot of what is read daily is of use for so long; a little less than a day, so
/// that hourly runs keep to the hour.
const FRESH: SignedDuration = SignedDuration::from_hours(20);

/// What an installation collects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datasets(Vec<Dataset>);

impl Default for Datasets {
    fn default() -> Self {
        Self(COLLECTED.to_vec())
    }
}

impl Datasets {
    /// Only these, and the users, without whom there are no seats.
    pub fn only(wanted: &[Dataset]) -> Self {
        let is_wanted = |one: &Dataset| *one == Dataset::Users || wanted.contains(one);
        Self(COLLECTED.into_iter().filter(is_wanted).collect())
    }

    /// In the order in which they are fetched.
    pub fn iter(&self) -> impl Iterator<Item = Dataset> + '_ {
        self.0.iter().copied()
    }
}

/// A name in a list of datasets means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no dataset that is fetched")]
pub struct UnknownDataset(String);

impl FromStr for Datasets {
    type Err = UnknownDataset;

    /// `all`, or names separated by commas.
    fn from_str(text: &str) -> Result<Self, UnknownDataset> {
        if text.trim() == "all" {
            return Ok(Self::default());
        }
        let named = |name: &str| {
            let dataset = Dataset::from_name(name.trim());
            let fetched = dataset.filter(|one| COLLECTED.contains(one));
            fetched.ok_or_else(|| UnknownDataset(name.trim().to_owned()))
        };
        let wanted: Result<Vec<Dataset>, UnknownDataset> = text.split(',').map(named).collect();
        Ok(Self::only(&wanted?))
    }
}

/// Whether a run has to fetch a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Now.
    Fetch,
    /// What is known is new enough: it stays as it is.
    Fresh,
    /// Another dataset tells more; public words.
    Needless(&'static str),
}

/// Whether a dataset has to be fetched, given what is known when its turn comes.
pub fn due(dataset: Dataset, known: &[State], as_of: Timestamp) -> Due {
    let state = |dataset| known.iter().find(|state: &&State| state.dataset == dataset);
    let is_complete = |state: &&State| state.completeness == Completeness::Complete;
    if dataset == Dataset::UserDelegations
        && state(Dataset::UserAnalytics).is_some_and(|state| is_complete(&state))
    {
        return Due::Needless("not needed: analytics tells sign-ins");
    }
    let daily = endpoint::row(dataset).is_some_and(|row| row.freshness == Freshness::Daily);
    let is_fresh = |state: &State| state.covered_to.is_some_and(|to| to > as_of - FRESH);
    match state(dataset).filter(is_complete) {
        Some(state) if daily && is_fresh(state) => Due::Fresh,
        _ => Due::Fetch,
    }
}

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
    let hours = SignedDuration::from_hours;
    let plain = |overlap| Rule {
        overlap,
        ..Rule::default()
    };
    let rule = match dataset {
        // Late entries of the same incident.
        Dataset::LogEntries => plain(SignedDuration::from_mins(10)),
        // No updated-since filter: responders and states of the last week may have changed.
        Dataset::Incidents => plain(hours(7 * 24)),
        // Overrides are made after the fact. A cut repeats every interval that spans it, so that
        // cutting below an hour would only make more of them.
        Dataset::Oncalls => Rule {
            foresight: true,
            floor: hours(1),
            ..plain(hours(30 * 24))
        },
        // Whether they were delivered is known a little later.
        Dataset::AuditRecords | Dataset::Notifications | Dataset::ChangeEvents => plain(hours(1)),
        // Asked for by when it was updated, at analytics, which happens once a day or so.
        Dataset::IncidentAnalytics => Rule {
            floor: NEVER_CUT,
            ..plain(hours(2 * 24))
        },
        // Sums over whole weeks, which may be restated for a week.
        Dataset::ResponderAnalytics => Rule {
            grid: Some(Grid::Weeks),
            floor: NEVER_CUT,
            ..plain(hours(7 * 24))
        },
        // One question for each day, out of a daily budget: not further back than any window of
        // utilization reaches.
        Dataset::AdvanceUsage => Rule {
            grid: Some(Grid::Days),
            floor: NEVER_CUT,
            reach: hours(181 * 24),
            ..plain(hours(3 * 24))
        },
        _ => return None,
    };
    Some(rule)
}

/// Everything a run at `as_of` has to fetch, in the order in which it is fetched.
pub fn plan_run(
    covered: impl Fn(Dataset) -> Coverage,
    as_of: Timestamp,
    history: SignedDuration,
) -> Vec<Planned> {
    let windows = |dataset: Dataset| {
        let intervals = match rule(dataset) {
            Some(rule) => plan(rule, &covered(dataset), as_of, history),
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

    fn complete(dataset: Dataset, covered_to: Timestamp) -> State {
        State {
            completeness: Completeness::Complete,
            covered_to: Some(covered_to),
            ..State::pending(dataset)
        }
    }

    #[test]
    fn every_history_has_a_rule_and_no_snapshot_has() {
        for dataset in COLLECTED {
            assert_eq!(
                rule(dataset).is_some(),
                dataset.is_windowed(),
                "{dataset:?}"
            );
        }
        assert!(!COLLECTED.contains(&Dataset::Webhooks));
    }

    #[test]
    fn the_future_of_duty_comes_first() {
        let as_of = Timestamp::UNIX_EPOCH;
        let history = SignedDuration::from_hours(365 * 24);
        let planned = plan_run(|_| Coverage::default(), as_of, history);
        assert_eq!(planned[0].dataset, Dataset::Users);
        let first = planned.iter().find(|one| one.dataset == Dataset::Oncalls);
        assert_eq!(first.map(|one| one.interval.from), Some(as_of));
        let windows = |dataset| planned.iter().filter(|one| one.dataset == dataset).count();
        assert_eq!(windows(Dataset::Oncalls), 14);
        assert_eq!(windows(Dataset::AuditRecords), 13);
        assert_eq!(windows(Dataset::ResponderAnalytics), 53);
        assert_eq!(windows(Dataset::AdvanceUsage), 181);
    }

    #[test]
    fn configuration_is_read_daily_and_users_in_each_run() {
        let as_of = Timestamp::UNIX_EPOCH;
        let hours_ago = |hours| as_of - SignedDuration::from_hours(hours);
        let tags = complete(Dataset::Tags, hours_ago(1));
        assert_eq!(due(Dataset::Tags, &[], as_of), Due::Fetch);
        assert_eq!(due(Dataset::Tags, &[tags], as_of), Due::Fresh);
        let old = complete(Dataset::Tags, hours_ago(24));
        assert_eq!(due(Dataset::Tags, &[old], as_of), Due::Fetch);
        let users = complete(Dataset::Users, hours_ago(1));
        assert_eq!(due(Dataset::Users, &[users], as_of), Due::Fetch);
        let failed = State {
            completeness: Completeness::Forbidden,
            ..complete(Dataset::Tags, hours_ago(1))
        };
        assert_eq!(due(Dataset::Tags, &[failed], as_of), Due::Fetch);
    }

    #[test]
    fn delegations_are_asked_for_only_where_analytics_is_barred() {
        let as_of = Timestamp::UNIX_EPOCH;
        let known = complete(Dataset::UserAnalytics, as_of);
        let delegations = |known: &[State]| due(Dataset::UserDelegations, known, as_of);
        assert!(matches!(delegations(&[known]), Due::Needless(_)));
        let barred = State {
            completeness: Completeness::Forbidden,
            ..State::pending(Dataset::UserAnalytics)
        };
        assert_eq!(delegations(&[barred]), Due::Fetch);
        assert_eq!(delegations(&[]), Due::Fetch);
    }

    #[test]
    fn an_installation_may_collect_less() {
        let some: Datasets = "log_entries, oncalls".parse().expect("names");
        let names: Vec<_> = some.iter().map(Dataset::name).collect();
        assert_eq!(names, ["users", "oncalls", "log_entries"]);
        assert_eq!("all".parse(), Ok(Datasets::default()));
        assert!("webhooks".parse::<Datasets>().is_err());
        assert!("logs".parse::<Datasets>().is_err());
    }
}
