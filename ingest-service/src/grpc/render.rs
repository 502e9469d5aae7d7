//! Runs as they stand on the wire.

use proto::{
    ConnectionId, OrgId,
    facts::v1::Dataset,
    ingest::v1::{DatasetProgress, Run, RunState as WireState},
    time::to_proto,
};

use crate::{
    dataset::State,
    run::RunState,
    store::{Store, StoreError},
};

/// The newest run of a connection with its datasets; `None` when it was never synchronized.
pub(super) async fn newest(
    store: &Store,
    org: OrgId,
    connection: ConnectionId,
) -> Result<Option<Run>, StoreError> {
    let Some(run) = store.newest_run(org, connection).await? else {
        return Ok(None);
    };
    let states = store.dataset_states(org, connection).await?;
    let progress = store.progress_of(org, run.id).await?;
    let dataset = |dataset: Dataset| {
        let state = states
            .iter()
            .map(|(state, _)| state)
            .find(|state| state.dataset == dataset);
        let found = progress.iter().find(|(of, _)| *of == dataset);
        let progress = found.map(|(_, progress)| *progress).unwrap_or_default();
        let pending = State::pending(dataset);
        DatasetProgress {
            dataset: Some(state.unwrap_or(&pending).to_proto()),
            windows_done: progress.windows_done,
            windows_planned: progress.windows_planned,
            records_received: progress.received,
            records_expected: progress.expected,
            requests: progress.requests,
            ..DatasetProgress::default()
        }
    };
    let state = match run.state {
        RunState::Queued => WireState::Queued,
        RunState::Running => WireState::Running,
        RunState::Succeeded => WireState::Succeeded,
        RunState::Failed => WireState::Failed,
    };
    Ok(Some(Run {
        id: run.id.to_string(),
        org_id: org.to_string(),
        connection_id: connection.to_string(),
        state: state.into(),
        as_of: Some(to_proto(run.as_of)),
        started_at: run.started_at.map(to_proto),
        finished_at: run.finished_at.map(to_proto),
        reason: run.reason,
        datasets: crate::dataset::COLLECTED.into_iter().map(dataset).collect(),
        requests: run.requests,
        rate_limited: run.rate_limited,
        next_run_at: run.next_run_at.map(to_proto),
        ..Run::default()
    }))
}
