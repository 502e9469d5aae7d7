//! Keeps the schedule in step with auth-service's list of connections. A reconciler.

use std::{convert::Infallible, time::Duration};

use chassis::Clock;
use jiff::SignedDuration;
use proto::ConnectionId;
use tokio_util::sync::CancellationToken;

use crate::{
    credential::{Credentials, LeaseError},
    store::{Store, StoreError, within},
};

/// Between two comparisons; a first synchronization is started by the one who connects, not here.
const INTERVAL: Duration = Duration::from_secs(30);

/// Whoever connects starts the first run, in the trace of the click; this one comes to help when
/// that did not happen.
const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// Compares and corrects.
#[derive(Debug, Clone)]
pub struct Registrar {
    /// Who knows what is connected.
    pub credentials: Credentials,
    /// The schedule.
    pub store: Store,
    /// Time.
    pub clock: Clock,
}

/// The schedule could not be brought in step.
#[derive(Debug, thiserror::Error)]
pub enum RegistrarError {
    /// auth-service did not answer.
    #[error("auth-service did not list the connections")]
    List(#[from] LeaseError),
    /// The database failed.
    #[error("the schedule cannot be written")]
    Store(#[from] StoreError),
}

impl Registrar {
    /// One comparison: unknown connections are registered, unlisted ones come off the schedule.
    /// Answers how many are listed.
    pub async fn step(&self) -> Result<usize, RegistrarError> {
        let asked_at = self.clock.now();
        let listed = self.credentials.list_syncable().await?;
        within(self.store.register(&listed, asked_at, asked_at + GRACE)).await?;
        let ids: Vec<ConnectionId> = listed.iter().map(|(_, connection)| *connection).collect();
        let unlisted = within(self.store.unlist(&ids, asked_at)).await?;
        if unlisted > 0 {
            tracing::info!(unlisted, "connections came off the schedule");
        }
        Ok(listed.len())
    }

    /// Compares again and again until the process stops.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), Infallible> {
        while !stopping.is_cancelled() {
            if let Err(error) = self.step().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the schedule is not in step"
                );
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
        Ok(())
    }
}
