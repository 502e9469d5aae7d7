//! Tokens on loan: the access token of a connection for as long as it is valid, refreshed when it is
//! not, and what happens when PagerDuty rejects one.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use proto::{ConnectionId, OrgId};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::{
    access::AccessKind,
    connection::{ConnectionState, Region},
    grant::{Grant, Need, Step, place},
    refresh::{RefreshError, Refresher, reason},
    store::{StoreError, grant},
    vault::{Field, VaultError},
};

mod desk;

use desk::Desk;

/// A token shorter than this is not worth lending.
const SHORTEST: SignedDuration = SignedDuration::from_secs(10);
/// Longest time a caller waits for somebody else's refresh.
const WAIT_LIMIT: Duration = Duration::from_secs(15);
/// How often a waiting caller looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often one caller starts a refresh: once, and once more when somebody was faster.
const TRIES: u32 = 2;
/// What a caller who waited in vain is told to wait.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// A token on loan.
#[derive(Debug, Clone)]
pub struct Lease {
    /// The bearer token.
    pub access_token: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How access was given, which says how the token is shown.
    pub kind: AccessKind,
    /// Where it works.
    pub region: Region,
    /// PagerDuty's id of the user who consented; empty when nobody did.
    pub user_id: String,
    /// What it was granted.
    pub scopes: Vec<String>,
    /// Names the pair, for reporting a rejection.
    pub token_version: i64,
}

/// No token can be lent.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// No such connection in the organization.
    #[error("the organization has no such connection")]
    NotFound,
    /// Access has ended.
    #[error("{0}")]
    Reconnect(String),
    /// The organization has ended it.
    #[error("the connection was ended by the organization")]
    Disconnected,
    /// PagerDuty's token endpoint is ill.
    #[error("PagerDuty's token endpoint is not available")]
    Unavailable {
        /// When to ask again.
        retry_after: Duration,
    },
    /// A refresh could not be tried.
    #[error(transparent)]
    Refresh(#[from] RefreshError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The process stops.
    #[error("the service is stopping")]
    Stopping,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Lends tokens.
#[derive(Debug, Clone)]
pub struct Lender {
    /// Gets new ones.
    pub refresher: Refresher,
    desk: Arc<Desk>,
}

impl Lender {
    /// Of what a refresher can get.
    pub fn new(refresher: Refresher) -> Self {
        Self {
            refresher,
            desk: Arc::default(),
        }
    }

    /// Lends a token that lives at least `min_valid`.
    pub async fn lease(
        &self,
        org: OrgId,
        id: ConnectionId,
        min_valid: SignedDuration,
    ) -> Result<Lease, Arc<LeaseError>> {
        self.queue((org, id), min_valid.max(SHORTEST)).await
    }

    /// PagerDuty answered 401 to a lent token. Answers the connection's state after what follows.
    pub async fn rejected(
        &self,
        org: OrgId,
        id: ConnectionId,
        version: i64,
    ) -> Result<ConnectionState, LeaseError> {
        let grant = self.find(org, id).await?;
        if grant.state == ConnectionState::Connected && grant.token_version == version {
            let why = if grant.kind == AccessKind::ApiKey {
                Some(reason::KEY_REJECTED)
            } else {
                let afresh = grant.is_rejected_afresh(self.refresher.clock.now());
                afresh.then_some(reason::REJECTED)
            };
            if let Some(why) = why {
                self.refresher.condemn((&grant).into(), why).await?;
            } else {
                match self.obtain(org, id, Need::NewerThan(version)).await {
                    Ok(_) | Err(LeaseError::Reconnect(_) | LeaseError::Disconnected) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(self.find(org, id).await?.state)
    }

    /// The grant, once it meets the need. One caller in all replicas refreshes, the others wait.
    async fn obtain(&self, org: OrgId, id: ConnectionId, need: Need) -> Result<Grant, LeaseError> {
        let give_up_at = Instant::now() + WAIT_LIMIT;
        let mut tries = 0;
        loop {
            let grant = self.find(org, id).await?;
            let now = self.refresher.clock.now();
            match grant.step(need, now) {
                Step::Take => return Ok(grant),
                Step::Ended => return Err(ended(grant.state, grant.reason)),
                Step::Later(at) => {
                    let wait = Duration::try_from(at.duration_since(now)).unwrap_or(ASK_AGAIN);
                    return Err(LeaseError::Unavailable { retry_after: wait });
                }
                Step::Wait if Instant::now() >= give_up_at => {
                    return Err(LeaseError::Unavailable {
                        retry_after: ASK_AGAIN,
                    });
                }
                Step::Wait => {
                    tokio::time::sleep(LOOK_EVERY.mul_f64(rand::random_range(1.0..2.0))).await;
                }
                // A pair that does not even meet the need when it is new would be renewed for ever.
                Step::Refresh if tries == TRIES => {
                    return Err(LeaseError::Unavailable {
                        retry_after: ASK_AGAIN,
                    });
                }
                Step::Refresh => {
                    tries += 1;
                    let after_rejection = matches!(need, Need::NewerThan(_));
                    self.refresher.refresh(grant, after_rejection).await?;
                }
                Step::GiveUp => {
                    self.refresher
                        .condemn((&grant).into(), reason::LOST)
                        .await?;
                }
            }
        }
    }

    async fn find(&self, org: OrgId, id: ConnectionId) -> Result<Grant, LeaseError> {
        let mut tx = self.refresher.store.tenant(org).await?;
        grant::find(&mut tx, org, id)
            .await?
            .ok_or(LeaseError::NotFound)
    }

    fn open(&self, grant: &Grant) -> Result<Lease, LeaseError> {
        let sealed = grant.access_token.as_ref().ok_or(LeaseError::NotFound)?;
        let place = place((grant.org, grant.connection), Field::AccessToken);
        Ok(Lease {
            access_token: self.refresher.vault.open(place, sealed)?,
            expires_at: grant.expires_at,
            kind: grant.kind,
            region: grant.region,
            user_id: grant.user_id.clone(),
            scopes: grant.scopes.clone(),
            token_version: grant.token_version,
        })
    }
}

fn ended(state: ConnectionState, reason: String) -> LeaseError {
    match state {
        ConnectionState::Disconnected => LeaseError::Disconnected,
        ConnectionState::Connected | ConnectionState::Reconnect => LeaseError::Reconnect(reason),
    }
}
