//! Refreshing a grant: claim, present, settle. Write-ahead and single-presentation across replicas.
//!
//! The intent is committed before the token endpoint is called; the result is written with a compare
//! on the fence. It runs as a job of the process, so that a caller that hangs up cannot lose an answer.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use chassis::{Clock, Lifecycle};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tracing::Instrument;
use uuid::Uuid;

use crate::{
    connection::ConnectionState,
    grant::{Claim, Grant, PRESENTATION_LIMIT, SealedPair, place},
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

/// Why access ended, in public words.
pub mod reason {
    /// The token endpoint refused the refresh token.
    pub const REFUSED: &str = "PagerDuty has ended the access: it was revoked or has expired";
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
        let Some(claim) = self.claim(seen).await? else {
            return Ok(());
        };
        let token = match self.open(&claim) {
            Ok(token) => token,
            Err(error) => {
                self.hold_back(&claim, claim.presentations - 1, None)
                    .await?;
                return Err(error.into());
            }
        };
        match endpoint.refresh(&token).await {
            Ok(tokens) => self.renewed(&claim, &tokens, &token, after_rejection).await,
            Err(error) => self.failed(&claim, &error).await,
        }
    }

    async fn claim(&self, seen: &Grant) -> Result<Option<Claim>, RefreshError> {
        let mut tx = self.store.tenant(seen.org).await?;
        let claim = grant::claim(&mut tx, seen, self.holder, self.clock.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(claim)
    }

    fn open(&self, claim: &Claim) -> Result<SecretString, VaultError> {
        let owner = (claim.org, claim.connection);
        self.vault
            .open(place(owner, Field::RefreshToken), &claim.refresh_token)
    }

    async fn renewed(
        &self,
        claim: &Claim,
        tokens: &Tokens,
        presented: &SecretString,
        after_rejection: bool,
    ) -> Result<(), RefreshError> {
        // RFC 6749, 6: an answer without a refresh token leaves the old one in force.
        let refresh_token = tokens.refresh_token.as_ref().unwrap_or(presented);
        let pair = SealedPair::seal(
            &self.vault,
            (claim.org, claim.connection),
            tokens,
            refresh_token,
        )?;
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
        let pair = pair.clone().lasting(now, tokens.life, granted);
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
                let why = if claim.presentations > 1 {
                    reason::LOST
                } else {
                    reason::REFUSED
                };
                self.condemn(claim.clone().into(), why).await
            }
            TokenError::Lost if claim.presentations >= PRESENTATION_LIMIT => {
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

    /// Ends the access for good, unless the grant has moved on since it was seen: another replica may
    /// have won.
    pub async fn condemn(&self, seen: Standing, why: &'static str) -> Result<(), RefreshError> {
        let write = || self.write_condemned(seen, why);
        if write.retry(settling()).notify(log_retry).await? {
            self.metrics.access_ended();
            tracing::warn!(org = %seen.org, connection = %seen.connection, why, "access has ended, the connection asks for Reconnect");
        }
        Ok(())
    }

    async fn write_condemned(&self, seen: Standing, why: &str) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.tenant(seen.org).await?;
        let Some(mut connection) = connection::lock(&mut tx, seen.org, seen.connection).await?
        else {
            return Ok(false);
        };
        let stands = grant::lock_fence(&mut tx, seen.org, seen.connection, seen.fence).await?;
        if !stands || connection.state != ConnectionState::Connected {
            return Ok(false);
        }
        connection.state = ConnectionState::Reconnect;
        why.clone_into(&mut connection.reason);
        connection::set_state(&mut tx, &connection, now).await?;
        grant::destroy(&mut tx, seen.org, seen.connection).await?;
        let entry = audit::Entry {
            org: seen.org,
            actor: ACTOR.to_owned(),
            action: "access.ended",
            connection: Some(seen.connection),
            detail: json!({ "reason": why }),
        };
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// Which state of a grant is meant.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    org: proto::OrgId,
    connection: proto::ConnectionId,
    fence: i64,
}

impl From<Claim> for Standing {
    fn from(claim: Claim) -> Self {
        Self {
            org: claim.org,
            connection: claim.connection,
            fence: claim.fence,
        }
    }
}

impl From<&Grant> for Standing {
    fn from(grant: &Grant) -> Self {
        Self {
            org: grant.org,
            connection: grant.connection,
            fence: grant.intent.fence,
        }
    }
}

/// The name of this service in the audit log.
const ACTOR: &str = "auth-service";

fn entry(claim: &Claim, action: &'static str, detail: Value) -> audit::Entry {
    audit::Entry {
        org: claim.org,
        actor: ACTOR.to_owned(),
        action,
        connection: Some(claim.connection),
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
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute_and_obey_pagerduty_within_bounds() {
        let seconds = |failures, asked: Option<u64>| {
            back_off(failures, asked.map(Duration::from_secs)).as_secs()
        };
        assert!((2..=3).contains(&seconds(0, None)));
        assert!((8..=9).contains(&seconds(2, None)));
        assert!((60..=66).contains(&seconds(40, None)));
        assert!((30..=33).contains(&seconds(0, Some(30))));
        assert!((60..=66).contains(&seconds(0, Some(1_000_000))));
        assert!((2..=3).contains(&seconds(9, Some(0))));
    }
}
