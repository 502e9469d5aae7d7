//! A connection's conversation with PagerDuty during one run: paced, with the token on loan, and
//! with the patience that each kind of failure deserves.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBuilder};
use chassis::Clock;
use jiff::SignedDuration;
use proto::{auth::v1::Region, facts::v1::Dataset};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use url::Url;

use super::{
    client::{Api, Attempted, Call},
    endpoint,
    failure::{Attempt, Failure},
    model::Malformed,
};
use crate::{
    credential::{Credentials, LeaseError, TokenLease},
    lease::Lease,
    metrics,
    rate::Pace,
    run::Spent,
};

/// A token about to end is exchanged before it does.
const TOKEN_MARGIN: SignedDuration = SignedDuration::from_secs(120);

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

/// One run's conversation.
#[derive(Debug)]
pub struct Session {
    around: Surroundings,
    pace: Arc<Mutex<Pace>>,
    lease: Lease,
    token: Option<TokenLease>,
    stop: CancellationToken,
    spent: Spent,
}

impl Session {
    /// A session that asks for a token when it first needs one.
    pub fn new(
        around: Surroundings,
        pace: Arc<Mutex<Pace>>,
        lease: Lease,
        stop: CancellationToken,
    ) -> Self {
        Self {
            around,
            pace,
            lease,
            token: None,
            stop,
            spent: Spent::default(),
        }
    }

    /// The requests since the last time this was asked.
    pub fn take_spent(&mut self) -> Spent {
        std::mem::take(&mut self.spent)
    }

    /// A 403 with what is behind it as far as the grant tells: the scope, else the role.
    pub fn explain(&self, dataset: Dataset, failure: Failure) -> Failure {
        let Failure::Forbidden(words) = failure else {
            return failure;
        };
        let (scope, classic) = endpoint::scopes(dataset);
        let granted = self.token.iter().flat_map(|token| &token.scopes);
        let mut sufficient =
            granted.filter(|granted| *granted == scope || classic.contains(&granted.as_str()));
        Failure::Forbidden(match sufficient.next() {
            None => format!("the scope {scope} was not granted ({words})"),
            Some(_) => format!("the role of the consenting user does not allow it ({words})"),
        })
    }

    /// Asks, repeats what may be repeated, and decodes; an answer that cannot be decoded is asked
    /// for again too.
    pub async fn read<T>(
        &mut self,
        dataset: Dataset,
        call: &Call,
        decode: fn(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, Failure> {
        let mut waits = self.around.retry.waits();
        let mut renewed = false;
        loop {
            let attempt = match self.attempt(dataset, call).await? {
                Ok(body) => match decode(&body) {
                    Ok(page) => return Ok(page),
                    Err(malformed) => malformed.into(),
                },
                Err(attempt) => attempt,
            };
            match attempt {
                Attempt::Final(failure) => return Err(failure),
                Attempt::Unauthorized if renewed => return Err(Failure::Reconnect),
                Attempt::Unauthorized => {
                    self.renew().await?;
                    renewed = true;
                }
                // The pace itself waits until the reset; the repeats are bounded all the same.
                Attempt::RateLimited(_) if waits.next().is_some() => {}
                Attempt::RateLimited(_) => {
                    return Err(Failure::Exhausted("PagerDuty answers 429".to_owned()));
                }
                Attempt::Transient(reason) => match waits.next() {
                    Some(wait) => self.sleep(wait).await?,
                    None => return Err(Failure::Exhausted(reason)),
                },
            }
        }
    }

    async fn attempt(
        &mut self,
        dataset: Dataset,
        call: &Call,
    ) -> Result<Result<Vec<u8>, Attempt>, Failure> {
        let token = self.token().await?;
        let wait = self.with_pace(Pace::reserve);
        self.sleep(wait.unsigned_abs()).await?;
        let base = match token.region {
            Region::Eu => &self.around.regions.eu,
            Region::Us | Region::Unspecified => &self.around.regions.us,
        };
        let span = tracing::info_span!("pagerduty", otel.kind = "client", otel.name = %call.path, dataset = dataset.name());
        let started = tokio::time::Instant::now();
        let sent = self
            .around
            .api
            .send(base, &token.token, call)
            .instrument(span);
        let answered = tokio::select! {
            answered = sent => answered,
            () = self.stop.cancelled() => return Err(Failure::Stopped),
        };
        metrics::pagerduty_answered(dataset, answered.status, started.elapsed());
        self.learn(&answered);
        Ok(answered.result)
    }

    fn learn(&mut self, answered: &Attempted) {
        self.spent.requests += 1;
        if let Some(hint) = answered.hint {
            self.with_pace(|pace, now| pace.observe(hint, now));
        }
        if let Err(Attempt::RateLimited(reset)) = &answered.result {
            self.spent.rate_limited += 1;
            let reset = SignedDuration::try_from(*reset).unwrap_or(SignedDuration::MAX);
            self.with_pace(|pace, now| pace.refused(reset, now));
        }
    }

    fn with_pace<T>(&self, use_it: impl FnOnce(&mut Pace, jiff::Timestamp) -> T) -> T {
        let now = self.around.clock.now();
        use_it(
            &mut self.pace.lock().unwrap_or_else(PoisonError::into_inner),
            now,
        )
    }

    async fn token(&mut self) -> Result<TokenLease, Failure> {
        let fresh_until = self.around.clock.now() + TOKEN_MARGIN;
        if let Some(token) = self
            .token
            .as_ref()
            .filter(|token| token.expires_at > fresh_until)
        {
            return Ok(token.clone());
        }
        let mut waits = self.around.retry.waits();
        loop {
            let error = match self
                .around
                .credentials
                .lease(self.lease.org, self.lease.connection)
                .await
            {
                Ok(token) => {
                    self.token = Some(token.clone());
                    return Ok(token);
                }
                Err(error) => error,
            };
            let LeaseError::Unavailable(status) = &error else {
                return Err(error.into());
            };
            tracing::warn!(code = ?status.code(), message = status.message(), "no token can be had now");
            match waits.next() {
                Some(wait) => self.sleep(wait).await?,
                None => return Err(error.into()),
            }
        }
    }

    /// After a 401: tells auth-service, and forgets the token.
    async fn renew(&mut self) -> Result<(), Failure> {
        let Some(refused) = self.token.take() else {
            return Ok(());
        };
        let credentials = &self.around.credentials;
        let works = credentials
            .report_rejected(self.lease.org, self.lease.connection, refused.version)
            .await?;
        if works {
            Ok(())
        } else {
            Err(Failure::Reconnect)
        }
    }

    async fn sleep(&self, wait: Duration) -> Result<(), Failure> {
        tokio::select! {
            biased;
            () = self.stop.cancelled() => Err(Failure::Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

impl From<LeaseError> for Failure {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Ended => Self::Reconnect,
            LeaseError::Gone => Self::Gone,
            LeaseError::Unavailable(_) => Self::NoToken,
        }
    }
}
