//! The reconciler that refreshes grants before anybody needs it, so that an outage of the token
//! endpoint as long as a fifth of a token's life goes unnoticed; and that forgets what has ended.

use std::time::Duration;

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::{
    grant::{Grant, Need, Step},
    keys,
    refresh::{RefreshError, Refresher, reason},
    store::{StoreError, grant, housekeeping},
};

/// Time between two rounds; a grant that dies is noticed within it.
const EVERY: Duration = Duration::from_secs(10);
/// Grants looked at in one round.
const BATCH: i64 = 100;
/// Refreshes under way at a time.
const AT_ONCE: usize = 4;

/// Refreshes ahead.
#[derive(Debug, Clone)]
pub struct RefreshAhead {
    /// Does it.
    pub refresher: Refresher,
}

impl RefreshAhead {
    /// Runs rounds until the process stops. A round that fails is logged and tried again.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), RefreshError> {
        let mut timer = tokio::time::interval(EVERY);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                _ = timer.tick() => {}
            }
            if let Err(error) = self.step().await {
                tracing::warn!(%error, "a round of refreshing ahead failed");
            }
        }
    }

    /// One round. Answers how many grants were tried.
    pub async fn step(&self) -> Result<usize, RefreshError> {
        let now = self.refresher.clock.now();
        keys::replenish(&self.refresher.store, &self.refresher.vault, now).await?;
        let mut tx = self.refresher.store.all_organizations().await?;
        housekeeping::sweep(&mut tx, now).await?;
        let ending = grant::ending(&mut tx, now, BATCH).await?;
        tx.commit().await.map_err(StoreError::from)?;
        let tried = stream::iter(ending)
            .map(|grant| self.look(grant))
            .buffer_unordered(AT_ONCE)
            .filter(|tried| std::future::ready(*tried))
            .count()
            .await;
        Ok(tried)
    }

    async fn look(&self, grant: Grant) -> bool {
        let connection = grant.connection;
        let result = match grant.step(Need::Ahead, self.refresher.clock.now()) {
            Step::Refresh => self.refresher.refresh(grant, false).await,
            Step::GiveUp => self.refresher.condemn((&grant).into(), reason::LOST).await,
            Step::Take | Step::Ended | Step::Wait | Step::Later(_) => return false,
        };
        if let Err(error) = result {
            tracing::warn!(%connection, %error, "a grant could not be refreshed ahead");
        }
        true
    }
}
