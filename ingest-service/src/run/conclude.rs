//! What a run has found out about a dataset. Pure.

use jiff::Timestamp;
use proto::facts::v1::{Completeness, Dataset};

use crate::{dataset::State, pagerduty::Failure, store::Progress, window::Interval};

/// Why a dataset was left before all its windows were closed; `None` when the failure concerns the
/// whole run.
pub(super) fn verdict(failure: &Failure) -> Option<(Completeness, String)> {
    let completeness = match failure {
        Failure::Reconnect | Failure::Gone | Failure::NoToken | Failure::Stopped => return None,
        Failure::NotInPlan => Completeness::NotInPlan,
        Failure::Forbidden(_) => Completeness::Forbidden,
        Failure::NotFound | Failure::TooDeep | Failure::Refused { .. } | Failure::Exhausted(_) => {
            Completeness::Partial
        }
    };
    Some((completeness, failure.to_string()))
}

/// The verdict over windows none of which was refused for good.
pub(super) fn verdict_over(progress: &Progress) -> (Completeness, String) {
    let reason = if progress.missing > 0 {
        let missing = progress.missing;
        format!("truncated: PagerDuty did not give {missing} record(s) that it counted")
    } else if progress.unreadable > 0 {
        format!("{} record(s) could not be read", progress.unreadable)
    } else if progress.failed > 0 {
        format!("{} window(s) could not be read", progress.failed)
    } else if progress.later > 0 {
        "older history is still to be read".to_owned()
    } else {
        return (Completeness::Complete, String::new());
    };
    (Completeness::Partial, reason)
}

/// The new state of a dataset; `newest` is the stretch of a history that is known completely.
pub(super) fn conclude(
    dataset: Dataset,
    (completeness, reason): (Completeness, String),
    newest: Option<Interval>,
    as_of: Timestamp,
) -> State {
    let coverage = newest.filter(|_| dataset.is_windowed());
    let snapshot =
        (!dataset.is_windowed() && completeness == Completeness::Complete).then_some(as_of);
    State {
        dataset,
        completeness,
        covered_from: coverage.map(|interval| interval.from),
        covered_to: coverage.map(|interval| interval.to).or(snapshot),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).expect("in range")
    }

    #[test]
    fn a_refused_dataset_says_why_and_the_run_goes_on() {
        let (completeness, reason) =
            verdict(&Failure::Forbidden("scope".to_owned())).expect("one dataset");
        assert_eq!(
            (completeness, reason.as_str()),
            (Completeness::Forbidden, "scope")
        );
        assert_eq!(
            verdict(&Failure::NotInPlan).map(|v| v.0),
            Some(Completeness::NotInPlan)
        );
        assert_eq!(verdict(&Failure::Reconnect), None);
    }

    #[test]
    fn a_history_that_broke_off_covers_what_is_whole() {
        let whole = Interval {
            from: at(70),
            to: at(100),
        };
        let partial = (Completeness::Partial, "PagerDuty answers 503".to_owned());
        let state = conclude(Dataset::LogEntries, partial, Some(whole), at(100));
        let covered = (state.covered_from, state.covered_to);
        assert_eq!(covered, (Some(at(70)), Some(at(100))));
    }

    #[test]
    fn a_snapshot_that_failed_covers_nothing() {
        let failed = (Completeness::Partial, "PagerDuty answers 503".to_owned());
        let state = conclude(Dataset::Users, failed, None, at(100));
        assert_eq!((state.covered_from, state.covered_to), (None, None));
        let whole = conclude(
            Dataset::Users,
            (Completeness::Complete, String::new()),
            None,
            at(100),
        );
        assert_eq!(
            (whole.covered_from, whole.covered_to),
            (None, Some(at(100)))
        );
    }
}
