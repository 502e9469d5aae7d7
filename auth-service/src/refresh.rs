//! Refreshing a grant: claim, present, settle. Write-ahead and single-presentation across replicas.
//!
//! The intent is committed before the token endpoint is called; the result is written with a compare
//! on the fence. It runs as a job of the process, so that a caller that hangs up cannot lose an answer.

mod condemn;

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use chassis::{Clock, Lifecycle};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tracing::Instrument;
use uuid::Uuid;

pub use self::condemn::Standing;
use crate::{
    access::AccessKind,
    audit::{Actor, Subject},
    grant::{Claim, Grant, PRESENTATION_LIMIT, SealedPair, place},
    keys,
    metrics::{Metrics, Refreshed},
    pagerduty::token::{TokenEndpoint, TokenError, Tokens},
    scope::Scopes,
    store::{Store, StoreError, audit, connection, grant},
    vault::{Field, Vault, VaultError},
};

/// First wait after a failure; doubles with each further one.
const BACK_OFF: SignedDuration = SignedDuration::from_secs(2);
/// Longest wait between tries: an outage that ends is noticed within it.
const BACK_OFF_LIMIT: SignedDuration = SignedDuration::from_secs(60);
/// How long writing a result is tried again: losing it would lose the grant.
const SETTLE_LIMIT: Duration = Duration::from_secs(20);

/// Values that one answer makes.
const SEALS: u64 = 3;

/// A token in clear, if there is one.
type Presented = Option<SecretString>;

/// Why access ended, in public words.
pub mod reason {
    /// The token endpoint refused the refresh token.
    pub const REFUSED: &str = "PagerDuty has ended the access: it was revoked or has expired";
    /// The token endpoint gives this app no token for the account any more.
    pub const APP_REFUSED: &str = "PagerDuty gives this app no token for the account any more";
    /// The API was called with a key that PagerDuty does not know.
    pub const KEY_REJECTED: &str = "PagerDuty rejects the API key: it was deleted or disabled";
    /// Two presentations without an answer.
    pub const LOST: &str = "PagerDuty's answers to two renewals of the access were lost";
    /// New tokens are rejected too.
    pub const REJECTED: &str = "PagerDuty rejects even a newly issued token";
}

/// A refresh could not be tried or written. What PagerDuty said is never an error here: it is in the
/// row.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// No PagerDuty app is configured.
    #[error("this deployment has no PagerDuty app configured")]
    NoApp,
    /// The process stops.
    #[error("the service is stopping")]
    Stopping,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Refreshes grants.
#[derive(Debug, Clone)]
pub struct Refresher {
    /// The database.
    pub store: Store,
    /// Seals and opens tokens.
    pub vault: Vault,
    /// PagerDuty's token endpoint; `None` without a configured app.
    pub endpoint: Option<TokenEndpoint>,
    /// The time.
    pub clock: Clock,
    /// A refresh is a job of the process.
    pub lifecycle: Lifecycle,
    /// Counts results.
    pub metrics: Metrics,
    /// This replica.
    pub holder: Uuid,
}

impl Refresher {
    /// Tries one refresh of a grant as it was seen. When somebody else is faster nothing happens;
    /// either way the caller reads the grant again.
    pub async fn refresh(&self, seen: Grant, after_rejection: bool) -> Result<(), RefreshError> {
        let (answer, ended) = oneshot::channel();
        let refresher = self.clone();
        let job = async move {
            let result = refresher.run(&seen, after_rejection).await;
            if let Err(Err(error)) = answer.send(result) {
                tracing::error!(%error, "a refresh failed after its caller had gone");
            }
        };
        self.lifecycle
            .spawn_job(job.instrument(tracing::info_span!("refresh")));
        ended.await.map_err(|_| RefreshError::Stopping)?
    }

    async fn run(&self, seen: &Grant, after_rejection: bool) -> Result<(), RefreshError> {
        let endpoint = self.endpoint.as_ref().ok_or(RefreshError::NoApp)?;
        self.be_able_to_seal().await?;
        let Some(claim) = self.claim(seen).await? else {
            return Ok(());
        };
        let (token, previous) = match self.open(&claim) {
            Ok(tokens) => tokens,
            Err(error) => {
                self.hold_back(&claim, claim.presentations - 1, None)
                    .await?;
                return Err(error.into());
            }
        };
        let mut presented = token;
        let mut answer = ask(endpoint, seen, presented.as_ref()).await;
        // A pair that has never worked may never have been PagerDuty's: the token before it is shown
        // once more before the access is given up.
        let unproven = claim.presentations == 1 && !seen.has_worked(self.clock.now());
        if matches!(answer, Err(TokenError::Refused(_))) && previous.is_some() && unproven {
            tracing::warn!(connection = %claim.connection, "a pair that never worked is refused, the token before it is tried");
            presented = previous;
            answer = ask(endpoint, seen, presented.as_ref()).await;
        }
        match answer {
            Ok(tokens) => {
                self.renewed(&claim, &tokens, presented.as_ref(), after_rejection)
                    .await
            }
            Err(error) => self.failed(&claim, &error).await,
        }
    }

    /// An answer that could not be sealed would be lost: that is found out before asking.
    async fn be_able_to_seal(&self) -> Result<(), RefreshError> {
        keys::replenish(&self.store, &self.vault, self.clock.now()).await?;
        if self.vault.left() < SEALS {
            return Err(VaultError::WornOut(self.vault.active().to_owned()).into());
        }
        Ok(())
    }

    async fn claim(&self, seen: &Grant) -> Result<Option<Claim>, RefreshError> {
        let mut tx = self.store.tenant(seen.org).await?;
        let claim = grant::claim(&mut tx, seen, self.holder, self.clock.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(claim)
    }

    fn open(&self, claim: &Claim) -> Result<(Presented, Presented), VaultError> {
        let open = |field, sealed: &Option<Vec<u8>>| {
            let place = place((claim.org, claim.connection), field);
            let sealed = sealed.as_ref();
            sealed
                .map(|sealed| self.vault.open(place, sealed))
                .transpose()
        };
        Ok((
            open(Field::RefreshToken, &claim.refresh_token)?,
            open(Field::PreviousRefreshToken, &claim.previous)?,
        ))
    }

    fn sealed(
        &self,
        claim: &Claim,
        tokens: &Tokens,
        presented: Option<&SecretString>,
    ) -> Result<SealedPair, VaultError> {
        let (vault, owner) = (&self.vault, (claim.org, claim.connection));
        let pair = SealedPair::seal(vault, owner, &tokens.access_token)?;
        // RFC 6749, 6: an answer without a refresh token leaves the old one in force.
        match (&tokens.refresh_token, presented) {
            (Some(new), Some(old)) => pair
                .refreshed_by(vault, owner, new)?
                .instead_of(vault, owner, old),
            (Some(token), None) | (None, Some(token)) => pair.refreshed_by(vault, owner, token),
            (None, None) => Ok(pair),
        }
    }

    async fn renewed(
        &self,
        claim: &Claim,
        tokens: &Tokens,
        presented: Option<&SecretString>,
        after_rejection: bool,
    ) -> Result<(), RefreshError> {
        let pair = self.sealed(claim, tokens, presented)?;
        let write = || self.write_renewed(claim, tokens, &pair, after_rejection);
        let written = write.retry(settling()).notify(log_retry).await?;
        if written {
            self.metrics.refresh(Refreshed::Renewed);
        } else {
            self.metrics.refresh(Refreshed::FencedOff);
            tracing::warn!(connection = %claim.connection, "a refresh came back after its intent had been taken over");
        }
        Ok(())
    }

    async fn write_renewed(
        &self,
        claim: &Claim,
        tokens: &Tokens,
        pair: &SealedPair,
        after_rejection: bool,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.tenant(claim.org).await?;
        let Some(connection) = connection::lock(&mut tx, claim.org, claim.connection).await? else {
            return Ok(false);
        };
        let before: Scopes = connection.scopes_granted.iter().cloned().collect();
        let granted = tokens.scopes.as_ref().unwrap_or(&before);
        let pair = pair.clone().lasting(now, tokens.life, claim.kind);
        if !grant::renew(&mut tx, claim, &pair, after_rejection).await? {
            return Ok(false);
        }
        if *granted != before {
            let wanted = connection
                .scopes_granted
                .iter()
                .chain(&connection.scopes_missing);
            let missing = wanted.cloned().collect::<Scopes>().missing_from(granted);
            connection::set_scopes(&mut tx, claim, (&granted.to_vec(), &missing.to_vec()), now)
                .await?;
        }
        audit::write(
            &mut tx,
            entry(claim, "token.refreshed", json!({ "fence": claim.fence })),
            now,
        )
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    async fn failed(&self, claim: &Claim, error: &TokenError) -> Result<(), RefreshError> {
        tracing::warn!(connection = %claim.connection, presentations = claim.presentations, %error, "a refresh failed");
        match error {
            TokenError::Refused(_) => {
                self.metrics.refresh(Refreshed::Refused);
                let why = match claim.kind {
                    AccessKind::App => reason::APP_REFUSED,
                    _ if claim.presentations > 1 => reason::LOST,
                    _ => reason::REFUSED,
                };
                self.condemn(claim.clone().into(), why).await
            }
            TokenError::Lost
                if claim.kind.has_refresh_token() && claim.presentations >= PRESENTATION_LIMIT =>
            {
                self.metrics.refresh(Refreshed::Lost);
                self.condemn(claim.clone().into(), reason::LOST).await
            }
            TokenError::Lost => {
                self.metrics.refresh(Refreshed::Lost);
                self.hold_back(claim, claim.presentations, None).await
            }
            TokenError::NotSent | TokenError::Misconfigured(_) => {
                self.metrics.refresh(Refreshed::Unavailable);
                self.hold_back(claim, claim.presentations - 1, None).await
            }
            TokenError::Ill { retry_after, .. } => {
                self.metrics.refresh(Refreshed::Unavailable);
                self.hold_back(claim, claim.presentations - 1, *retry_after)
                    .await
            }
        }
    }

    async fn hold_back(
        &self,
        claim: &Claim,
        presentations: i16,
        retry_after: Option<Duration>,
    ) -> Result<(), RefreshError> {
        let not_before = self.clock.now() + back_off(claim.failures, retry_after);
        let write = || self.write_held_back(claim, presentations, not_before);
        write.retry(settling()).notify(log_retry).await?;
        Ok(())
    }

    async fn write_held_back(
        &self,
        claim: &Claim,
        presentations: i16,
        not_before: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.store.tenant(claim.org).await?;
        grant::hold_back(&mut tx, claim, presentations, not_before).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Asks for a new pair with a refresh token, or for a new app token without one.
async fn ask(
    endpoint: &TokenEndpoint,
    seen: &Grant,
    presented: Option<&SecretString>,
) -> Result<Tokens, TokenError> {
    match presented {
        Some(token) => endpoint.refresh(token).await,
        None => endpoint.app_token(seen.region, &seen.subdomain).await,
    }
}

/// The name of this service in the audit log.
const ACTOR: Actor = Actor::Service("auth-service");

fn entry(claim: &Claim, action: &'static str, detail: Value) -> audit::Entry {
    audit::Entry {
        org: claim.org,
        actor: ACTOR,
        action,
        subject: Subject::Connection(claim.connection),
        detail,
    }
}

/// What PagerDuty asks for, else twice as long as the last time; with a little chance in it.
fn back_off(failures: i32, retry_after: Option<Duration>) -> SignedDuration {
    let asked = retry_after.and_then(|asked| SignedDuration::try_from(asked).ok());
    let doublings = failures.clamp(0, 5);
    let wait = asked.unwrap_or(BACK_OFF * 2_i32.pow(doublings.unsigned_abs()));
    let wait = wait.clamp(BACK_OFF, BACK_OFF_LIMIT);
    wait + wait / 10 * rand::random_range(0..=10) / 10
}

fn settling() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .with_jitter()
        .without_max_times()
        .with_total_delay(Some(SETTLE_LIMIT))
}

fn log_retry(error: &StoreError, wait: Duration) {
    tracing::warn!(%error, ?wait, "the result of a refresh could not be written yet");
}

#[cfg(test)]
mod tests;
