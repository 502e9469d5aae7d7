//! What a run came to. Pure but for the time.

use proto::facts::v1::{Completeness, Dataset};

use super::{AFTER_FAILURE, Outcome, RunState, Runner};
use crate::{dataset::State, store::Progress};

impl Runner {
    /// A run is of use when the seats themselves are known, if only in part; everything else may be
    /// missing.
    pub(super) fn outcome(&self, states: &[State], progress: &[(Dataset, Progress)]) -> Outcome {
        let now = self.clock().now();
        let is_left = progress.iter().any(|(_, one)| one.later > 0);
        let next_run_at = if is_left {
            now
        } else {
            now + self.settings.interval
        };
        let users = states.iter().find(|state| state.dataset == Dataset::Users);
        let received = progress
            .iter()
            .any(|(dataset, one)| *dataset == Dataset::Users && one.received > 0);
        let reason = match users {
            Some(users) if users.completeness == Completeness::Complete => String::new(),
            Some(users) => format!("users: {}", users.reason),
            None => "users: not fetched".to_owned(),
        };
        let state = match users.map(|users| users.completeness) {
            Some(Completeness::Complete) => RunState::Succeeded,
            Some(Completeness::Partial) if received => RunState::Succeeded,
            _ => RunState::Failed,
        };
        Outcome {
            state,
            reason,
            next_run_at: Some(match state {
                RunState::Failed => now + AFTER_FAILURE.min(self.settings.interval),
                _ => next_run_at,
            }),
            caught_up: state == RunState::Succeeded && !is_left,
        }
    }
}
