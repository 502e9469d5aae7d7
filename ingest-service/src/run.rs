//! One synchronization of one connection: plan, fetch, publish, checkpoint, close. Everything that
//! has been reached is in the database, so that another process goes on where this one stopped.

mod conclude;
mod fetch;
mod message;
mod worker;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use proto::{
    ConnectionId, RunId,
    facts::v1::{Completeness, Dataset},
    topology::Lane,
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    change::Changes,
    lease::Lease,
    metrics,
    pagerduty::{
        Failure,
        session::{Session, Surroundings},
    },
    publisher::Publisher,
    rate::Pace,
    store::{NewRun, Store, StoreError},
};
use worker::Worker;

/// Wait before a run that could not get a token is tried again.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// Wait before a run that failed is followed by another.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(5);
/// Runs are kept for support questions.
const RETENTION: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    /// Waits for a process.
    Queued,
    /// A process works on it, or will go on with it.
    Running,
    /// Everything that could be had has been published.
    Succeeded,
    /// Ended without a usable result.
    Failed,
}

impl RunState {
    /// In the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// The inverse of [`RunState::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Queued, Self::Running, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }

    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

/// A run under way.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The whole second it speaks for.
    pub as_of: Timestamp,
    /// Where its messages go.
    pub lane: Lane,
    /// W3C trace context of whoever asked for it.
    pub traceparent: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Succeeded or failed.
    pub state: RunState,
    /// Public words.
    pub reason: String,
    /// When the next one is due; `None` takes the connection off the schedule.
    pub next_run_at: Option<Timestamp>,
}

/// Requests sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// All of them.
    pub requests: i64,
    /// 429 answers among them.
    pub rate_limited: i64,
}

/// How far a window has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records PagerDuty said there are.
    pub expected: Option<i64>,
    /// Records received.
    pub received: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// Pages published.
    pub pages: u32,
    /// Requests since the last checkpoint.
    pub spent: Spent,
}

/// What ends a run before its time.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Interruption {
    #[error(transparent)]
    Pagerduty(#[from] Failure),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<crate::publisher::Stopped> for Interruption {
    fn from(_: crate::publisher::Stopped) -> Self {
        Self::Pagerduty(Failure::Stopped)
    }
}

/// What a run needs, and what it was told to do.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How far back the first run reads.
    pub history: SignedDuration,
    /// From one run to the next.
    pub interval: SignedDuration,
    /// PagerDuty's limit.
    pub rate_limit_per_minute: u32,
    /// Our share of it.
    pub rate_share_percent: u32,
}

/// Works on leased connections.
#[derive(Debug)]
pub struct Runner {
    settings: Settings,
    store: Store,
    publisher: Publisher,
    around: Surroundings,
    changes: Changes,
    paces: Mutex<HashMap<ConnectionId, Arc<Mutex<Pace>>>>,
}

impl Runner {
    /// With these means.
    pub fn new(
        settings: Settings,
        store: Store,
        publisher: Publisher,
        around: Surroundings,
        changes: Changes,
    ) -> Self {
        Self {
            settings,
            store,
            publisher,
            around,
            changes,
            paces: Mutex::default(),
        }
    }

    /// Works on a leased connection until its run has ended or `stop` says so.
    pub async fn run(&self, lease: Lease, stop: CancellationToken) {
        let new = NewRun {
            id: RunId(Uuid::now_v7()),
            now: self.clock().now(),
            traceparent: None,
        };
        let run = match self.store.begin(&lease, &new).await {
            Ok(run) => run,
            Err(error) => {
                tracing::warn!(connection = %lease.connection, error = &error as &dyn std::error::Error, "the run cannot begin");
                return;
            }
        };
        let span = tracing::info_span!(
            "sync run", run = %run.id, organization = %lease.org, connection = %lease.connection, as_of = %run.as_of
        );
        if let Some(traceparent) = &run.traceparent {
            chassis::trace::adopt(&span, traceparent);
        }
        self.execute(lease, run, stop).instrument(span).await;
        self.changes.announce(lease.connection);
    }

    fn clock(&self) -> &Clock {
        &self.around.clock
    }

    async fn execute(&self, lease: Lease, run: Run, stop: CancellationToken) {
        tracing::info!("run under way");
        self.changes.announce(lease.connection);
        let session = Session::new(
            self.around.clone(),
            self.pace(lease.connection),
            lease,
            stop.clone(),
        );
        let mut worker = Worker {
            runner: self,
            lease,
            run: run.clone(),
            session,
            stop,
        };
        let ended = worker.work().await;
        if let Err(error) = self.close(&lease, &run, ended).await {
            // The lease ends by itself; whoever takes it goes on with the run.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the run could not be closed"
            );
        }
    }

    async fn close(
        &self,
        lease: &Lease,
        run: &Run,
        ended: Result<Outcome, Interruption>,
    ) -> Result<(), StoreError> {
        let now = self.clock().now();
        let failed = |reason: &str, next_run_at| Outcome {
            state: RunState::Failed,
            reason: reason.to_owned(),
            next_run_at,
        };
        let outcome = match ended {
            Ok(outcome) => outcome,
            Err(Interruption::Store(error)) => return Err(error),
            Err(Interruption::Pagerduty(Failure::Stopped)) => {
                return self.store.release(lease, None).await;
            }
            Err(Interruption::Pagerduty(Failure::NoToken)) => {
                tracing::warn!("no token can be had; the run goes on later");
                return self.store.release(lease, Some(now + PAUSE)).await;
            }
            Err(Interruption::Pagerduty(Failure::Reconnect)) => failed("reconnect", None),
            Err(Interruption::Pagerduty(Failure::Gone)) => failed("disconnected", None),
            Err(Interruption::Pagerduty(other)) => {
                failed(&other.to_string(), Some(now + AFTER_FAILURE))
            }
        };
        tracing::info!(state = outcome.state.name(), reason = %outcome.reason, "run ended");
        metrics::run_finished(outcome.state.name());
        self.store.finish(lease, run.id, &outcome, now).await?;
        self.store.forget_runs(lease, run.id, now - RETENTION).await
    }

    /// The pace outlives the run: the minute does not begin anew with it.
    fn pace(&self, connection: ConnectionId) -> Arc<Mutex<Pace>> {
        let fresh = || {
            let Settings {
                rate_limit_per_minute,
                rate_share_percent,
                ..
            } = self.settings;
            Arc::new(Mutex::new(Pace::new(
                rate_limit_per_minute,
                rate_share_percent,
            )))
        };
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(paces.entry(connection).or_insert_with(fresh))
    }

    /// A run is of use when the seats themselves are known; everything else may be missing.
    fn outcome(&self, states: &[crate::dataset::State]) -> Outcome {
        let now = self.clock().now();
        let users = states.iter().find(|state| state.dataset == Dataset::Users);
        match users {
            Some(users) if users.completeness == Completeness::Complete => Outcome {
                state: RunState::Succeeded,
                reason: String::new(),
                next_run_at: Some(now + self.settings.interval),
            },
            users => Outcome {
                state: RunState::Failed,
                reason: format!(
                    "users: {}",
                    users.map_or("not fetched", |users| users.reason.as_str())
                ),
                next_run_at: Some(now + AFTER_FAILURE.min(self.settings.interval)),
            },
        }
    }
}
