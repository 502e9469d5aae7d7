//! Whose turn it is. A reconciler: every look leases the connections that are due and free, and
//! gives each a task; two processes looking at once never get the same one.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chassis::{Clock, Lifecycle};
use jiff::SignedDuration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    lease::Lease,
    metrics,
    run::Runner,
    store::{Store, StoreError},
};

/// Between looks when nobody pokes.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Runs of one process at a time.
const MOST_RUNS: usize = 16;

/// How long a connection stays with a process that says nothing.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTerms {
    /// After this it is free again.
    pub length: SignedDuration,
    /// How often it is renewed.
    pub renewal: Duration,
}

impl Default for LeaseTerms {
    /// A killed process holds its connections up for 20 s; three renewals may fail before that.
    fn default() -> Self {
        Self {
            length: SignedDuration::from_secs(20),
            renewal: Duration::from_secs(5),
        }
    }
}

/// Looks for work.
#[derive(Debug, Clone)]
pub struct Scheduler {
    store: Store,
    runner: Arc<Runner>,
    clock: Clock,
    lifecycle: Lifecycle,
    terms: LeaseTerms,
    /// Tells this process from others in the table; the fence is what counts.
    holder: Arc<str>,
    poke: Arc<Notify>,
    under_way: Arc<AtomicUsize>,
}

/// Counts a run for as long as it lives.
struct UnderWay(Arc<AtomicUsize>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let before = self.0.fetch_sub(1, Ordering::SeqCst);
        metrics::runs_under_way(before.saturating_sub(1));
    }
}

impl Scheduler {
    /// Runs go to `runner`, on the lifecycle's tasks.
    pub fn new(store: Store, runner: Arc<Runner>, clock: Clock, lifecycle: Lifecycle) -> Self {
        Self {
            store,
            runner,
            clock,
            lifecycle,
            terms: LeaseTerms::default(),
            holder: Uuid::now_v7().to_string().into(),
            poke: Arc::default(),
            under_way: Arc::default(),
        }
    }

    /// With other terms than the default ones.
    #[must_use]
    pub fn with_terms(mut self, terms: LeaseTerms) -> Self {
        self.terms = terms;
        self
    }

    /// Makes the next look happen now.
    pub fn poke(&self) -> Arc<Notify> {
        Arc::clone(&self.poke)
    }

    /// One look: leases what is due and starts working on it. Answers how many runs were started.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let free = MOST_RUNS.saturating_sub(self.under_way.load(Ordering::SeqCst));
        if free == 0 {
            return Ok(0);
        }
        let now = self.clock.now();
        let leases = self
            .store
            .claim(&self.holder, now, now + self.terms.length, free as i64)
            .await?;
        for lease in &leases {
            let count = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            metrics::runs_under_way(count);
            let held = UnderWay(Arc::clone(&self.under_way));
            let scheduler = self.clone();
            let lease = *lease;
            self.lifecycle.spawn_job(async move {
                let _held = held;
                scheduler.work(lease).await;
            });
        }
        Ok(leases.len())
    }

    /// Looks again and again until the process stops.
    pub async fn run(self) -> Result<(), Infallible> {
        let stopping = self.lifecycle.stopping();
        while !stopping.is_cancelled() {
            if let Err(error) = self.step().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the schedule cannot be read"
                );
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = self.poke.notified() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
            }
        }
        Ok(())
    }

    /// Works on a lease and keeps it; a lease that was taken over stops the work.
    async fn work(&self, lease: Lease) {
        let stop = self.lifecycle.stopping().child_token();
        tokio::select! {
            () = self.runner.run(lease, stop.clone()) => {}
            () = self.keep(&lease, &stop) => {}
        }
    }

    /// Never returns: when the lease is lost it tells the work to stop, which then ends both.
    async fn keep(&self, lease: &Lease, stop: &CancellationToken) {
        loop {
            tokio::time::sleep(self.terms.renewal).await;
            let renewed = self
                .store
                .renew(lease, self.clock.now() + self.terms.length)
                .await;
            match renewed {
                Ok(()) => {}
                Err(StoreError::LeaseLost(connection)) => {
                    tracing::warn!(%connection, "the lease was taken over");
                    stop.cancel();
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the lease could not be renewed"
                    );
                }
            }
        }
    }
}
