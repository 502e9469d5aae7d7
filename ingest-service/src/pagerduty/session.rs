//! A connection's conversation with PagerDuty during one run: paced, with the token on loan, and
//! with the patience that each kind of failure deserves.

mod access;

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use chassis::Clock;
use jiff::SignedDuration;
use proto::{auth::v1::Region, facts::v1::Dataset};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use url::Url;

use super::{
    client::{Api, Attempted, Call},
    failure::{Attempt, Failure},
    model::{Malformed, drift},
};
use crate::{
    credential::{Credentials, TokenLease},
    lease::Lease,
    metrics,
    rate::{Pace, PaceRecord},
    run::Spent,
};

/// Failed attempts at one endpoint in a row before it is left alone for the rest of the run.
const FAILURES_IN_A_ROW: u32 = 10;

/// How often and how patiently a request is repeated.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// Attempts after the first.
    pub repeats: usize,
    /// Wait before the first repeat; doubled each time, with jitter.
    pub first_wait: Duration,
    /// Longest wait.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    /// About half a minute in all: a deployment or a leader change at PagerDuty, not an outage.
    fn default() -> Self {
        Self {
            repeats: 4,
            first_wait: Duration::from_secs(1),
            longest_wait: Duration::from_secs(15),
        }
    }
}

impl RetryPolicy {
    fn waits(self) -> impl Iterator<Item = Duration> {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.repeats)
            .with_jitter()
            .build()
    }
}

/// Where the APIs of the service regions are.
#[derive(Debug, Clone)]
pub struct Regions {
    /// US.
    pub us: Url,
    /// EU.
    pub eu: Url,
}

/// What all sessions share.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// HTTP.
    pub api: Api,
    /// Base URLs.
    pub regions: Regions,
    /// Tokens.
    pub credentials: Credentials,
    /// Patience.
    pub retry: RetryPolicy,
    /// Time.
    pub clock: Clock,
}

/// One run's conversation. Several requests may be under way at a time, all at one pace.
#[derive(Debug)]
pub struct Session {
    around: Surroundings,
    pace: Mutex<Pace>,
    /// Requests under way.
    in_flight: Semaphore,
    lease: Lease,
    token: Mutex<Option<TokenLease>>,
    /// One asks for a token, the others wait for it.
    asking: tokio::sync::Mutex<()>,
    /// PagerDuty has taken the token once.
    admitted: AtomicBool,
    entering: tokio::sync::Mutex<()>,
    stop: CancellationToken,
    spent: Mutex<HashMap<Dataset, Spent>>,
    circuits: Mutex<HashMap<Dataset, Circuit>>,
}

/// Attempts at one endpoint that failed without one that went well between them.
#[derive(Debug, Clone, Default)]
struct Circuit {
    failures: u32,
    reason: String,
}

impl Session {
    /// A session that asks for a token when it first needs one, with so many requests in flight.
    pub fn new(
        around: Surroundings,
        (pace, concurrency): (Pace, usize),
        lease: Lease,
        stop: CancellationToken,
    ) -> Self {
        Self {
            around,
            pace: Mutex::new(pace),
            in_flight: Semaphore::new(concurrency.max(1)),
            lease,
            token: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            admitted: AtomicBool::new(false),
            entering: tokio::sync::Mutex::default(),
            stop,
            spent: Mutex::default(),
            circuits: Mutex::default(),
        }
    }

    /// The requests for a dataset since the last time this was asked.
    pub fn take_spent(&self, dataset: Dataset) -> Spent {
        locked(&self.spent).remove(&dataset).unwrap_or_default()
    }

    /// All requests that nobody has asked for yet.
    pub fn take_all_spent(&self) -> Spent {
        let left = std::mem::take(&mut *locked(&self.spent));
        left.into_values().fold(Spent::default(), |sum, one| Spent {
            requests: sum.requests + one.requests,
            rate_limited: sum.rate_limited + one.rate_limited,
            retries: sum.retries + one.retries,
        })
    }

    /// How far the pace has come, for whoever takes over.
    pub fn pace_record(&self) -> PaceRecord {
        locked(&self.pace).record(self.around.clock.now())
    }

    /// Another share of the limit from now on.
    pub fn set_share(&self, percent: u32) {
        locked(&self.pace).set_share(percent);
    }

    /// Asks, repeats what may be repeated, and decodes; an answer that cannot be decoded is asked
    /// for again too.
    pub async fn read<T>(
        &self,
        dataset: Dataset,
        call: &Call,
        decode: fn(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, Failure> {
        let mut waits = self.around.retry.waits();
        let mut refused: Option<i64> = None;
        let mut alone = self.alone().await;
        for repeats in 0.. {
            self.closed(dataset)?;
            let token = self.token().await?;
            let answer = self.attempt(dataset, call, (&token, repeats)).await?;
            if !matches!(answer, Err(Attempt::Unauthorized)) {
                self.admitted.store(true, Ordering::SeqCst);
                alone = None;
            }
            let attempt = match answer {
                Ok(body) => match decode(&body) {
                    Ok(page) => {
                        drift::sample(dataset, &body);
                        locked(&self.circuits).remove(&dataset);
                        return Ok(page);
                    }
                    Err(malformed) => malformed.into(),
                },
                Err(attempt) => attempt,
            };
            match attempt {
                Attempt::Final(failure) => return Err(failure),
                Attempt::Unauthorized if refused.is_some() => return Err(Failure::Reconnect),
                Attempt::Unauthorized => {
                    self.renew(&token).await?;
                    refused = Some(token.version);
                }
                // The pace itself waits until the reset; the repeats are bounded all the same.
                Attempt::RateLimited(_) if waits.next().is_some() => {}
                Attempt::RateLimited(_) => {
                    return Err(Failure::Exhausted("PagerDuty answers 429".to_owned()));
                }
                Attempt::Transient(reason) => {
                    self.trip(dataset, &reason);
                    match waits.next() {
                        Some(wait) => self.sleep(wait).await?,
                        None => return Err(Failure::Exhausted(reason)),
                    }
                }
            }
        }
        drop(alone);
        Err(Failure::Stopped)
    }

    /// Until PagerDuty has let one request in, there is one at a time: a dead grant costs just that.
    async fn alone(&self) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        if self.admitted.load(Ordering::SeqCst) {
            return None;
        }
        let alone = self.entering.lock().await;
        (!self.admitted.load(Ordering::SeqCst)).then_some(alone)
    }

    /// Refuses to ask an endpoint that has failed too often in a row.
    fn closed(&self, dataset: Dataset) -> Result<(), Failure> {
        let circuits = locked(&self.circuits);
        match circuits.get(&dataset) {
            Some(circuit) if circuit.failures >= FAILURES_IN_A_ROW => {
                Err(Failure::Exhausted(circuit.reason.clone()))
            }
            _ => Ok(()),
        }
    }

    fn trip(&self, dataset: Dataset, reason: &str) {
        let mut circuits = locked(&self.circuits);
        let circuit = circuits.entry(dataset).or_default();
        circuit.failures += 1;
        reason.clone_into(&mut circuit.reason);
    }

    async fn attempt(
        &self,
        dataset: Dataset,
        call: &Call,
        (token, repeats): (&TokenLease, u32),
    ) -> Result<Result<Vec<u8>, Attempt>, Failure> {
        let in_flight = tokio::select! {
            biased;
            () = self.stop.cancelled() => return Err(Failure::Stopped),
            in_flight = self.in_flight.acquire() => in_flight,
        };
        let _in_flight = in_flight.map_err(|_| Failure::Stopped)?;
        if is_analytics(call) && !self.with_pace(Pace::take_analytics) {
            return Err(Failure::Exhausted(
                "the day's analytics requests are used up".to_owned(),
            ));
        }
        let wait = self.with_pace(Pace::reserve);
        self.sleep(wait.unsigned_abs()).await?;
        let base = match token.region {
            Region::Eu => &self.around.regions.eu,
            Region::Us | Region::Unspecified => &self.around.regions.us,
        };
        let span = tracing::info_span!("pagerduty", otel.kind = "client", otel.name = %call.path, dataset = dataset.name());
        let started = tokio::time::Instant::now();
        let sent = self.around.api.send(base, token, call).instrument(span);
        let answered = tokio::select! {
            answered = sent => answered,
            () = self.stop.cancelled() => return Err(Failure::Stopped),
        };
        metrics::pagerduty_answered(dataset, answered.status, started.elapsed());
        self.learn(dataset, &answered, repeats);
        Ok(answered.result)
    }

    fn learn(&self, dataset: Dataset, answered: &Attempted, repeats: u32) {
        let is_refused = matches!(answered.result, Err(Attempt::RateLimited(_)));
        {
            let mut spent = locked(&self.spent);
            let spent = spent.entry(dataset).or_default();
            spent.requests += 1;
            spent.rate_limited += i64::from(is_refused);
            spent.retries += i64::from(repeats > 0);
        }
        if let Some(hint) = answered.hint {
            self.with_pace(|pace, now| pace.observe(hint, now));
        }
        if let Err(Attempt::RateLimited(reset)) = &answered.result {
            let reset = SignedDuration::try_from(*reset).unwrap_or(SignedDuration::MAX);
            self.with_pace(|pace, now| pace.refused(reset, now));
        }
    }

    fn with_pace<T>(&self, use_it: impl FnOnce(&mut Pace, jiff::Timestamp) -> T) -> T {
        let now = self.around.clock.now();
        use_it(&mut locked(&self.pace), now)
    }

    async fn sleep(&self, wait: Duration) -> Result<(), Failure> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Failure::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

/// Analytics has a quota of its own, by the day.
fn is_analytics(call: &Call) -> bool {
    call.path.starts_with("/analytics/")
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
