//! One synchronization of one connection: plan, fetch, publish, checkpoint, close. Everything that
//! has been reached is in the database, so that another process goes on where this one stopped.

mod agenda;
mod conclude;
mod consenter;
mod depth;
mod fetch;
mod filling;
mod key;
mod message;
mod outcome;
mod reading;
mod urgency;
mod worker;

use std::time::Duration;

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use proto::{RunId, topology::Lane};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    change::Changes,
    dataset::Datasets,
    lease::Lease,
    metrics,
    pagerduty::{
        Failure,
        session::{Session, Surroundings},
    },
    publisher::Publisher,
    rate::Pace,
    store::{NewRun, Store, StoreError, within},
};
use worker::Worker;

/// Wait before a run that could not get a token is tried again.
const PAUSE: SignedDuration = SignedDuration::from_secs(60);
/// Wait before a run that failed is followed by another.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_mins(5);
/// Between two notes of the pace. What happens between is made up for by whoever takes over.
const PACE_INTERVAL: Duration = Duration::from_secs(5);
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
    /// Ended by a person.
    Cancelled,
}

impl RunState {
    /// In the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The inverse of [`RunState::name`].
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Queued,
            Self::Running,
            Self::Succeeded,
            Self::Failed,
            Self::Cancelled,
        ];
        all.into_iter().find(|state| state.name() == name)
    }

    /// Whether nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed | Self::Cancelled)
    }
}

/// A run under way.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The whole second it speaks for.
    pub as_of: Timestamp,
    /// Since when this process works on it.
    pub started_at: Timestamp,
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
    /// Nothing of its history was left to the next run.
    pub caught_up: bool,
}

/// Requests sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// All of them.
    pub requests: i64,
    /// 429 answers among them.
    pub rate_limited: i64,
    /// Repetitions among them, of whatever kind.
    pub retries: i64,
}

/// How far a window has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records PagerDuty said there are.
    pub expected: Option<i64>,
    /// Records received, repetitions included.
    pub received: i64,
    /// Records without repetitions, as far as they can be told.
    pub distinct: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// Messages published.
    pub pages: u32,
    /// Requests since the last checkpoint.
    pub spent: Spent,
}

impl Tally {
    /// Everything that PagerDuty counted was read.
    pub fn is_whole(&self) -> bool {
        self.unreadable == 0 && self.distinct >= self.expected.unwrap_or(0)
    }
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
    /// What is fetched.
    pub datasets: Datasets,
    /// How far back the first run reads.
    pub history: SignedDuration,
    /// From one run to the next.
    pub interval: SignedDuration,
    /// PagerDuty's limit.
    pub rate_limit_per_minute: u32,
    /// Our share of it.
    pub rate_share_percent: u32,
    /// The same while a high-urgency incident is open.
    pub incident_rate_share_percent: u32,
    /// Analytics requests of one connection on a UTC day.
    pub analytics_per_day: u32,
    /// Requests of one connection in flight.
    pub concurrency: usize,
    /// After this, a run takes up no older history and leaves it to the next one.
    pub slice: SignedDuration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            datasets: Datasets::default(),
            history: SignedDuration::from_hours(365 * 24),
            interval: SignedDuration::from_hours(1),
            rate_limit_per_minute: 960,
            rate_share_percent: 50,
            incident_rate_share_percent: 50,
            analytics_per_day: 500,
            concurrency: 6,
            slice: SignedDuration::from_mins(30),
        }
    }
}

/// Works on leased connections.
#[derive(Debug)]
pub struct Runner {
    settings: Settings,
    store: Store,
    publisher: Publisher,
    around: Surroundings,
    changes: Changes,
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
        }
    }

    /// Works on a leased connection until its run has ended or `stop` says so.
    pub async fn run(&self, lease: Lease, stop: CancellationToken) {
        let new = NewRun {
            id: RunId(Uuid::now_v7()),
            now: self.clock().now(),
            traceparent: None,
        };
        let run = match within(self.store.begin(&lease, &new)).await {
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
        Box::pin(self.execute(lease, run, stop).instrument(span)).await;
        self.changes.announce(lease.connection);
    }

    fn clock(&self) -> &Clock {
        &self.around.clock
    }

    async fn execute(&self, lease: Lease, run: Run, stop: CancellationToken) {
        tracing::info!("run under way");
        self.changes.announce(lease.connection);
        let closed = match self.pace(&lease).await {
            Ok(pace) => Box::pin(self.at_pace(pace, lease, &run, stop)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = closed {
            // The lease ends by itself; whoever takes it goes on with the run.
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the run could not be closed"
            );
        }
    }

    async fn at_pace(
        &self,
        pace: Pace,
        lease: Lease,
        run: &Run,
        stop: CancellationToken,
    ) -> Result<(), StoreError> {
        let around = self.around.clone();
        let concurrency = self.settings.concurrency;
        let session = Session::new(around, (pace, concurrency), lease, stop.clone());
        let worker = Worker::new(self, (lease, run.clone()), session, stop).await;
        let worker = match worker {
            Ok(worker) => worker,
            Err(interruption) => return self.close(&lease, run, Err(interruption)).await,
        };
        let ended = tokio::select! {
            ended = worker.work() => ended,
            never = self.keep_pace(&lease, &worker.session) => match never {},
        };
        let now = self.clock().now();
        let record = worker.session.pace_record();
        within(self.store.save_pace(&lease, &record, now)).await?;
        let left = worker.session.take_all_spent();
        within(self.store.add_spent(&lease, run.id, left)).await?;
        within(self.close(&lease, run, ended)).await
    }

    /// Writes the pace down as long as there is work, so that whoever takes over knows it.
    async fn keep_pace(&self, lease: &Lease, session: &Session) -> std::convert::Infallible {
        loop {
            tokio::time::sleep(PACE_INTERVAL).await;
            let record = session.pace_record();
            let saved = self.store.save_pace(lease, &record, self.clock().now());
            if let Err(error) = within(saved).await {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "the pace was not saved"
                );
            }
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
            caught_up: false,
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

    /// The pace outlives the run, and the process: the minute does not begin anew with either.
    async fn pace(&self, lease: &Lease) -> Result<Pace, StoreError> {
        let Settings {
            rate_limit_per_minute,
            rate_share_percent,
            analytics_per_day,
            ..
        } = self.settings;
        let record = within(self.store.pace(lease)).await?;
        let mut pace = Pace::new(rate_limit_per_minute, rate_share_percent)
            .with_analytics_per_day(analytics_per_day);
        pace.restore(&record, self.clock().now());
        Ok(pace)
    }
}
