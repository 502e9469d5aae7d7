//! The reconciler of what surrounds the answers: tells ingest-service what was stored, follows the
//! connections that ended, erases what is due, drops facts that are too old. Idempotent; replicas
//! may do the same at once.

use std::{convert::Infallible, time::Duration};

use chassis::Clock;
use proto::{
    ConnectionId, OrgId,
    auth::v1::{ConnectionState, ListErasableRequest},
    facts::v1::Dataset,
    ingest::v1::{ReportStoredRequest, report_stored_request::Item},
    time::to_proto,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    crunch::Cruncher,
    metrics::Metrics,
    peers::{Auth, Ingest},
    store::{
        Store, StoreError,
        upkeep::{StoredItem, UnreportedRun},
    },
    window::{date_of, day_of},
};

/// Between two rounds.
const TICK: Duration = Duration::from_secs(20);

/// A round could not be finished; the next one goes on.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    #[error("the store did not do its part")]
    Store(#[from] StoreError),
    #[error("a peer did not do its part")]
    Peer(#[from] Box<tonic::Status>),
}

/// Keeps things in order.
#[derive(Debug, Clone)]
pub struct Upkeep {
    store: Store,
    cruncher: Cruncher,
    auth: Auth,
    ingest: Ingest,
    clock: Clock,
    /// Days that facts are kept.
    retention_days: i64,
}

impl Upkeep {
    pub fn new(
        store: Store,
        cruncher: Cruncher,
        (auth, ingest): (Auth, Ingest),
        clock: Clock,
    ) -> Self {
        Self {
            store,
            cruncher,
            auth,
            ingest,
            clock,
            retention_days: DEFAULT_RETENTION_DAYS,
        }
    }

    #[must_use]
    pub fn keeping(self, retention_days: i64) -> Self {
        Self {
            retention_days,
            ..self
        }
    }

    /// Rounds until the process stops.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), Infallible> {
        while !stopping.is_cancelled() {
            // A peer that does not answer must not keep the process from ending.
            let done = tokio::select! {
                done = self.step() => done,
                () = stopping.cancelled() => break,
            };
            if let Err(error) = done {
                let cause: &dyn std::error::Error = &error;
                tracing::debug!(error = cause, "upkeep goes on later");
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                () = stopping.cancelled() => {}
            }
        }
        Ok(())
    }

    /// One round.
    pub async fn step(&self) -> Result<(), UpkeepError> {
        let now = self.clock.now();
        let kept_from = date_of(day_of(now) - self.retention_days);
        self.store.prune_facts(kept_from).await?;
        self.erase().await?;
        for org in self.store.known_organizations().await? {
            self.observe_ages(org).await?;
            self.report(org).await?;
            self.follow_connections(org).await?;
        }
        Ok(())
    }

    /// Erases what auth-service says is due.
    async fn erase(&self) -> Result<(), UpkeepError> {
        let due = self.auth.list_erasable(ListErasableRequest {}).await;
        for item in due.map_err(Box::new)?.items {
            let (Ok(org), Ok(connection)) = (
                item.org_id.parse::<OrgId>(),
                item.connection_id.parse::<ConnectionId>(),
            ) else {
                continue;
            };
            let now = self.clock.now();
            if self.store.erase_connection(org, connection.0, now).await? {
                tracing::info!(%org, %connection, "data of a connection erased");
                self.store.force_crunch(org, now).await?;
                self.cruncher.poke();
            }
        }
        Ok(())
    }

    /// How old the data behind the answers is.
    async fn observe_ages(&self, org: OrgId) -> Result<(), UpkeepError> {
        let now = self.clock.now();
        for (connection, as_of) in self.store.newest_data(org).await? {
            Metrics.data_aged(connection, now.duration_since(as_of).as_secs_f64());
        }
        Ok(())
    }

    /// Tells ingest-service what is stored of each run.
    async fn report(&self, org: OrgId) -> Result<(), UpkeepError> {
        for run in self.store.unreported_runs(org).await? {
            let id = run.run;
            let told = self.ingest.report_stored(request(org, run)).await;
            told.map_err(Box::new)?;
            self.store.mark_reported(org, id, self.clock.now()).await?;
        }
        Ok(())
    }

    /// Seats of a connection that has ended leave the next generation.
    async fn follow_connections(&self, org: OrgId) -> Result<(), UpkeepError> {
        let connections = self.auth.connections(org).await.map_err(Box::new)?;
        let ended: Vec<Uuid> = connections
            .iter()
            .filter(|one| one.state() == ConnectionState::Disconnected)
            .filter_map(|one| one.id.parse::<ConnectionId>().ok())
            .map(|id| id.0)
            .collect();
        let now = self.clock.now();
        if self.store.note_ended(org, &ended, now).await? {
            self.store.force_crunch(org, now).await?;
            self.cruncher.poke();
        }
        Ok(())
    }
}

/// Days that facts are kept unless the settings say otherwise.
pub const DEFAULT_RETENTION_DAYS: i64 = 400;

fn request(org: OrgId, run: UnreportedRun) -> ReportStoredRequest {
    ReportStoredRequest {
        org_id: org.to_string(),
        connection_id: ConnectionId(run.connection).to_string(),
        run_id: proto::RunId(run.run).to_string(),
        items: run.items.into_iter().map(item).collect(),
    }
}

fn item(stored: StoredItem) -> Item {
    let dataset = Dataset::from_name(&stored.dataset).unwrap_or_default();
    Item {
        dataset: dataset.into(),
        window_from: stored.window.map(|(from, _)| to_proto(from)),
        window_to: stored.window.map(|(_, to)| to_proto(to)),
        records: stored.records,
    }
}
