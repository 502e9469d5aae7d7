//! A person's hand on the runs of a connection, and what dashboard-api reports of them.

use chassis::Code;
use jiff::Timestamp;
use proto::{
    ConnectionId, OrgId, RunId,
    facts::v1::Dataset,
    ingest::v1::{ReportStoredRequest, Run, report_stored_request::Item},
    time::from_proto,
};
use tonic::Status;

use super::{SyncApi, render, sync::unavailable};
use crate::{
    store::{Stored, within},
    window::Interval,
};

/// Runs in one answer unless asked otherwise, and at most.
const RUNS: u32 = 20;
const MOST_RUNS: u32 = 100;

impl SyncApi {
    /// Newest first.
    pub(super) async fn runs(
        &self,
        org: OrgId,
        connection: ConnectionId,
        before: Option<Timestamp>,
        limit: u32,
    ) -> Result<Vec<Run>, Status> {
        let limit = match limit {
            0 => RUNS,
            limit => limit.min(MOST_RUNS),
        };
        let before = before.unwrap_or(Timestamp::MAX);
        let runs = render::earlier(&self.store, (org, connection), (before, limit));
        within(runs).await.map_err(|error| unavailable(&error))
    }

    /// No request from now on; what this process has under way is stopped at once, what another one
    /// has when it next renews its lease.
    pub(super) async fn pause(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Option<Run>, Status> {
        let known = within(self.store.pause(org, connection)).await;
        let known = known.map_err(|error| unavailable(&error))?;
        self.stops.stop(connection);
        self.changes.announce(connection);
        self.shown(org, connection, known).await
    }

    /// Goes on.
    pub(super) async fn resume(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Option<Run>, Status> {
        let now = self.clock.now();
        let known = within(self.store.resume(org, connection, now)).await;
        let known = known.map_err(|error| unavailable(&error))?;
        self.poke.notify_one();
        self.changes.announce(connection);
        self.shown(org, connection, known).await
    }

    /// Ends the run under way.
    pub(super) async fn cancel(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Option<Run>, Status> {
        let now = self.clock.now();
        let cancelled = self.store.cancel(org, connection, now, now + self.interval);
        if !within(cancelled)
            .await
            .map_err(|error| unavailable(&error))?
        {
            return Err(Code::Precondition.status("NOT_RUNNING", "no run is under way"));
        }
        self.stops.stop(connection);
        self.changes.announce(connection);
        self.newest(org, connection).await.map(Some)
    }

    async fn shown(
        &self,
        org: OrgId,
        connection: ConnectionId,
        known: bool,
    ) -> Result<Option<Run>, Status> {
        if !known {
            return Err(Code::NotFound.status("UNKNOWN", "the connection is not known here"));
        }
        match self.newest(org, connection).await {
            Ok(run) => Ok(Some(run)),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// Compares what was stored with what was published; the first short report brings a run.
    pub(super) async fn stored(
        &self,
        org: OrgId,
        connection: ConnectionId,
        report: &ReportStoredRequest,
    ) -> Result<(), Status> {
        let run: RunId = report
            .run_id
            .parse()
            .map_err(|_| Code::Invalid.status("INVALID_ID", "the run's id is no UUID"))?;
        let mut short = false;
        let mut whole: Vec<Dataset> = Vec::new();
        for item in &report.items {
            let stored = stored(item);
            let reported =
                self.store
                    .report_stored((org, connection, run), &stored, self.clock.now());
            let is_short = within(reported)
                .await
                .map_err(|error| unavailable(&error))?;
            short |= is_short;
            if !is_short && !whole.contains(&stored.dataset) {
                whole.push(stored.dataset);
            }
        }
        if !short {
            for dataset in whole {
                let forgotten = self.store.stored_whole(org, connection, dataset);
                within(forgotten)
                    .await
                    .map_err(|error| unavailable(&error))?;
            }
            return Ok(());
        }
        tracing::warn!(%connection, "dashboard-api has stored less than was published");
        self.poke.notify_one();
        self.changes.announce(connection);
        Ok(())
    }
}

fn stored(item: &Item) -> Stored {
    let from = item.window_from.as_ref().and_then(from_proto);
    let to = item.window_to.as_ref().and_then(from_proto);
    Stored {
        dataset: item.dataset(),
        window: from.zip(to).map(|(from, to)| Interval { from, to }),
        records: item.records,
    }
}
