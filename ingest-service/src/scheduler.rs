//! Whose turn it is. A reconciler: every look leases the connections that are due and free, and
//! gives each a task; two processes looking at once never get the same one.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chassis::{Clock, Lifecycle};
use jiff::SignedDuration;
use proto::ConnectionId;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    lease::Lease,
    metrics,
    run::Runner,
    store::{Store, StoreError, within},
};

/// Between looks when nobody pokes.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Runs of one process at a time.
const MOST_RUNS: usize = 32;
/// Connections that one look takes, so that replicas which look by turns share what is due.
const MOST_CLAIMS: usize = 8;
/// Runs among them that read a history for the first time; the others are kept for fresh data.
const MOST_BACKFILLS: usize = 16;

/// Time for work that was told to stop to write where it stands.
const LAST_WORDS: Duration = Duration::from_secs(20);

/// Lets whoever is asked to pause or cancel stop what runs in this process at once.
#[derive(Debug, Clone, Default)]
pub struct Stops(Arc<Mutex<HashMap<ConnectionId, CancellationToken>>>);

impl Stops {
    fn enter(&self, connection: ConnectionId, stop: CancellationToken) {
        self.lock().insert(connection, stop);
    }

    fn leave(&self, connection: ConnectionId) {
        self.lock().remove(&connection);
    }

    /// Stops the work on a connection, if there is any here.
    pub fn stop(&self, connection: ConnectionId) {
        if let Some(stop) = self.lock().get(&connection) {
            stop.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ConnectionId, CancellationToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a connection stays with a process that says nothing.
#[derive(Debug, Clone, Copy)]
pub struct LeaseTerms {
    /// After this it is free again.
    pub length: SignedDuration,
    /// How often it is renewed.
    pub renewal: Duration,
}

impl LeaseTerms {
    /// Of this length, with three chances to renew it in time.
    pub fn of(length: Duration) -> Self {
        Self {
            length: SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX),
            renewal: length / 4,
        }
    }
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
    stops: Stops,
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
            stops: Stops::default(),
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

    /// What runs in this process, to be stopped.
    pub fn stops(&self) -> Stops {
        self.stops.clone()
    }

    /// One look: leases what is due and starts working on it. Answers how many runs were started.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let free = MOST_RUNS.saturating_sub(self.under_way.load(Ordering::SeqCst));
        let free = free.min(MOST_CLAIMS);
        if free == 0 {
            return Ok(0);
        }
        let now = self.clock.now();
        let until = now + self.terms.length;
        let fresh = self
            .store
            .claim_fresh(&self.holder, now, until, free as i64);
        let mut leases = within(fresh).await?;
        let free = MOST_BACKFILLS
            .saturating_sub(self.under_way.load(Ordering::SeqCst))
            .min(free - leases.len());
        if free > 0 {
            let first = self.store.claim(&self.holder, now, until, free as i64);
            leases.extend(within(first).await?);
        }
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
        self.stops.enter(lease.connection, stop.clone());
        tokio::select! {
            () = Box::pin(self.runner.run(lease, stop.clone())) => {}
            () = self.keep(&lease, &stop) => {
                tracing::warn!(connection = %lease.connection, "the work of a lost lease hangs and is dropped");
            }
        }
        self.stops.leave(lease.connection);
    }

    /// When the lease is lost, or cannot be renewed until it has ended, it tells the work to stop;
    /// returns when the work has not done so after a while.
    async fn keep(&self, lease: &Lease, stop: &CancellationToken) {
        let length = self.terms.length.unsigned_abs();
        let mut renewed_at = Instant::now();
        while !stop.is_cancelled() {
            tokio::time::sleep(self.terms.renewal).await;
            let until = self.clock.now() + self.terms.length;
            match within(self.store.renew(lease, until)).await {
                Ok(()) => renewed_at = Instant::now(),
                Err(StoreError::LeaseLost(connection)) => {
                    tracing::warn!(%connection, "the lease was taken over, or the connection paused");
                    stop.cancel();
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "the lease could not be renewed"
                    );
                    if renewed_at.elapsed() >= length {
                        stop.cancel();
                    }
                }
            }
        }
        tokio::time::sleep(LAST_WORDS).await;
    }
}
