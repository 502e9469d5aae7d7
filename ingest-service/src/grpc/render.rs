//! Runs as they stand on the wire.

use jiff::{SignedDuration, Timestamp};
use proto::{
    ConnectionId, OrgId,
    facts::v1::Dataset,
    ingest::v1::{DatasetProgress, Run, RunState as WireState},
    time::to_proto,
};

use crate::{
    dataset::State,
    run::RunState,
    store::{Progress, RunView, Store, StoreError},
};

/// The newest run of a connection with its datasets; `None` when it was never synchronized.
pub(super) async fn newest(
    store: &Store,
    org: OrgId,
    connection: ConnectionId,
    now: Timestamp,
) -> Result<Option<Run>, StoreError> {
    let Some(run) = store.newest_run(org, connection).await? else {
        return Ok(None);
    };
    let progress = store.progress_of(org, run.id).await?;
    let states = store.dataset_states(org, connection).await?;
    let states: Vec<State> = states.into_iter().map(|(state, _)| state).collect();
    let expected_end_at = match run.state {
        RunState::Running if !run.paused => expected_end(&run, &progress, now).map(to_proto),
        _ => None,
    };
    Ok(Some(Run {
        datasets: datasets(&states, &progress),
        expected_end_at,
        ..wire((org, connection), run)
    }))
}

/// Runs before an instant, newest first. What is known of the datasets now says nothing of then;
/// the numbers do.
pub(super) async fn earlier(
    store: &Store,
    (org, connection): (OrgId, ConnectionId),
    (before, limit): (Timestamp, u32),
) -> Result<Vec<Run>, StoreError> {
    let mut runs = Vec::new();
    for run in store
        .runs(org, connection, before, i64::from(limit))
        .await?
    {
        let progress = store.progress_of(org, run.id).await?;
        let mut datasets = datasets(&[], &progress);
        datasets.retain(|one| one.windows_planned > 0);
        runs.push(Run {
            datasets,
            ..wire((org, connection), run)
        });
    }
    Ok(runs)
}

fn wire((org, connection): (OrgId, ConnectionId), run: RunView) -> Run {
    let state = match run.state {
        RunState::Queued | RunState::Running if run.paused => WireState::Paused,
        RunState::Queued => WireState::Queued,
        RunState::Running => WireState::Running,
        RunState::Succeeded => WireState::Succeeded,
        RunState::Failed => WireState::Failed,
        RunState::Cancelled => WireState::Cancelled,
    };
    Run {
        id: run.id.to_string(),
        org_id: org.to_string(),
        connection_id: connection.to_string(),
        state: state.into(),
        as_of: Some(to_proto(run.as_of)),
        started_at: run.started_at.map(to_proto),
        finished_at: run.finished_at.map(to_proto),
        reason: run.reason,
        requests: run.requests,
        rate_limited: run.rate_limited,
        next_run_at: run.next_run_at.map(to_proto),
        ..Run::default()
    }
}

fn datasets(states: &[State], progress: &[(Dataset, Progress)]) -> Vec<DatasetProgress> {
    let dataset = |dataset: Dataset| {
        let state = states.iter().find(|state| state.dataset == dataset);
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
            records_stored: progress.stored,
            rate_limited: progress.rate_limited,
            retries: progress.retries,
        }
    };
    crate::dataset::COLLECTED.into_iter().map(dataset).collect()
}

/// At the speed so far, with the windows to come as costly as those of the same dataset before
/// them. Unknown until something is done.
fn expected_end(
    run: &RunView,
    progress: &[(Dataset, Progress)],
    now: Timestamp,
) -> Option<Timestamp> {
    let spent: i64 = progress.iter().map(|(_, one)| one.requests).sum();
    let done: i64 = progress.iter().map(|(_, one)| one.windows_done).sum();
    let elapsed = now.duration_since(run.started_at?);
    if spent == 0 || done == 0 || elapsed.is_negative() {
        return None;
    }
    let left = progress.iter().map(|(_, one)| {
        let open = (one.windows_planned - one.windows_done - one.failed).max(0);
        let each = one.requests as f64 / one.windows_done.max(1) as f64;
        open as f64 * each.max(1.0)
    });
    let left = elapsed.as_secs_f64() * left.sum::<f64>() / spent as f64;
    let left = SignedDuration::try_from_secs_f64(left).ok()?;
    now.checked_add(left).ok()
}
