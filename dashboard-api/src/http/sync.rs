//! A synchronization as the API shows it: what ingest-service tells of the run, and what of it is
//! already in our tables.

use jiff::Timestamp;
use proto::{
    OrgId,
    ingest::v1::{DatasetProgress, Run},
    time::from_proto,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App,
    words::{DatasetStateName, RunStateName},
};
use crate::store::{StoreError, ledger::StoredCounts};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Sync {
    run_id: String,
    state: RunStateName,
    as_of: Option<Timestamp>,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    reason: String,
    /// Requests to PagerDuty.
    requests: i64,
    /// 429 answers met.
    rate_limited: i64,
    next_run_at: Option<Timestamp>,
    /// When it should be done at the present speed; null while that is not known.
    expected_end_at: Option<Timestamp>,
    /// Whether a generation contains this run.
    pub(super) stored: bool,
    datasets: Vec<SyncDataset>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
struct SyncDataset {
    dataset: &'static str,
    state: DatasetStateName,
    reason: String,
    covered_from: Option<Timestamp>,
    covered_to: Option<Timestamp>,
    windows_done: i64,
    windows_planned: i64,
    received: i64,
    /// Null where PagerDuty does not say.
    expected: Option<i64>,
    /// Records in our tables.
    stored: i64,
    requests: i64,
}

impl Sync {
    /// Whether nothing can change any more of what was said of this run.
    pub(super) fn is_final(&self, run: &Run) -> bool {
        self.stored && self.finished_at.is_some() && self.run_id == run.id
    }

    /// A run with what is stored of it.
    pub(super) async fn of(app: &App, org: OrgId, run: &Run) -> Result<Self, StoreError> {
        let Ok(id) = run.id.parse() else {
            return Ok(Self::render(run, &StoredCounts::new(), false));
        };
        let counts = app.store.stored_counts(org, id).await?;
        let generation = app.store.generation_of_run(org, id).await?;
        Ok(Self::render(run, &counts, generation.is_some()))
    }

    fn render(run: &Run, counts: &StoredCounts, stored: bool) -> Self {
        let at = |at: Option<prost_types::Timestamp>| at.as_ref().and_then(from_proto);
        Self {
            run_id: run.id.clone(),
            state: run.state().into(),
            as_of: at(run.as_of),
            started_at: at(run.started_at),
            finished_at: at(run.finished_at),
            reason: run.reason.clone(),
            requests: run.requests,
            rate_limited: run.rate_limited,
            next_run_at: at(run.next_run_at),
            expected_end_at: at(run.expected_end_at),
            stored,
            datasets: run
                .datasets
                .iter()
                .filter_map(|one| dataset(one, counts))
                .collect(),
        }
    }
}

fn dataset(progress: &DatasetProgress, counts: &StoredCounts) -> Option<SyncDataset> {
    let state = progress.dataset.as_ref()?;
    let name = state.dataset().name();
    Some(SyncDataset {
        dataset: name,
        state: state.completeness().into(),
        reason: state.reason.clone(),
        covered_from: state.covered_from.as_ref().and_then(from_proto),
        covered_to: state.covered_to.as_ref().and_then(from_proto),
        windows_done: progress.windows_done,
        windows_planned: progress.windows_planned,
        received: progress.records_received,
        expected: (progress.records_expected > 0).then_some(progress.records_expected),
        stored: counts.get(name).copied().unwrap_or_default(),
        requests: progress.requests,
    })
}
