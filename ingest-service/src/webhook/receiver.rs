//! One delivery: whose it is, whether it is PagerDuty's, and whether its event is kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use proto::{ConnectionId, OrgId};
use secrecy::SecretString;

use super::{Intake, SECRET, Subscriber, Webhook, intake::Delivered, signature::is_authentic};
use crate::{
    credential::{Credentials, SealError},
    metrics,
    pagerduty::model::event,
    store::{Store, StoreError},
};

/// PagerDuty waits five seconds.
const DEADLINE: Duration = Duration::from_millis(4_500);
/// A secret that was exchanged or removed is known everywhere by then.
const REMEMBERED: SignedDuration = SignedDuration::from_secs(60);
/// A signature that does not fit looks for a newer secret at most so often.
const LOOKED_UP: SignedDuration = SignedDuration::from_secs(2);

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Kept for good, or known already, or authentic and of no use.
    Accepted,
    /// Nobody has subscribed under this address.
    Unknown,
    /// Not PagerDuty's.
    Unauthentic,
    /// It cannot be kept now; PagerDuty will try again.
    NotDurable,
}

/// Receives deliveries; cloning is cheap.
#[derive(Debug, Clone)]
pub struct Receiver {
    store: Store,
    credentials: Credentials,
    intake: Intake,
    clock: Clock,
    secrets: Secrets,
}

/// Secrets in memory; cloning shares them.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Arc<Mutex<HashMap<ConnectionId, Known>>>);

impl Secrets {
    /// Looks the secret up again at the next delivery, because it has been replaced.
    pub fn forget(&self, connection: ConnectionId) {
        self.locked().remove(&connection);
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<ConnectionId, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A secret in memory.
#[derive(Debug, Clone)]
struct Known {
    org: OrgId,
    sealed: Vec<u8>,
    secret: SecretString,
    read_at: Timestamp,
}

/// A secret cannot be had now.
#[derive(Debug, thiserror::Error)]
enum Ill {
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the secret cannot be opened")]
    Seal(#[from] SealError),
}

impl Receiver {
    /// For what a subscriber has subscribed to.
    pub fn new(subscriber: &Subscriber, intake: Intake) -> Self {
        Self {
            store: subscriber.store.clone(),
            credentials: subscriber.credentials.clone(),
            intake,
            clock: subscriber.clock.clone(),
            secrets: subscriber.secrets.clone(),
        }
    }

    /// What becomes of a delivery.
    pub async fn receive(
        &self,
        connection: ConnectionId,
        signatures: &str,
        body: &[u8],
    ) -> Verdict {
        let judged = self.judge(connection, signatures, body);
        let verdict = tokio::time::timeout(DEADLINE, judged).await;
        let verdict = verdict.unwrap_or(Verdict::NotDurable);
        metrics::webhook_received(verdict);
        verdict
    }

    async fn judge(&self, connection: ConnectionId, signatures: &str, body: &[u8]) -> Verdict {
        let known = match self.authenticate(connection, signatures, body).await {
            Ok(Ok(known)) => known,
            Ok(Err(verdict)) => return verdict,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a delivery cannot be judged"
                );
                return Verdict::NotDurable;
            }
        };
        let Ok(Some(event)) = event::event(body) else {
            // Refusing it would make PagerDuty stop delivering altogether.
            tracing::warn!(%connection, "an authentic delivery says nothing that can be kept");
            metrics::webhook_unreadable();
            return Verdict::Accepted;
        };
        let delivered = Delivered {
            org: known.org,
            connection,
            event,
        };
        if self.intake.keep(delivered).await {
            Verdict::Accepted
        } else {
            Verdict::NotDurable
        }
    }

    /// Whose secret has signed the body, after looking for a newer one when the one at hand has not.
    async fn authenticate(
        &self,
        connection: ConnectionId,
        signatures: &str,
        body: &[u8],
    ) -> Result<Result<Known, Verdict>, Ill> {
        let now = self.clock.now();
        let remembered = self.remembered(connection);
        if let Some(known) = &remembered {
            let age = now.duration_since(known.read_at);
            let fits = is_authentic(&known.secret, signatures, body);
            if fits && age < REMEMBERED {
                return Ok(Ok(known.clone()));
            }
            if !fits && age < LOOKED_UP {
                return Ok(Err(Verdict::Unauthentic));
            }
        }
        let Some(webhook) = self.store.webhook_anywhere(connection).await? else {
            self.secrets.forget(connection);
            return Ok(Err(Verdict::Unknown));
        };
        let known = self.open(&webhook, remembered, now).await?;
        if is_authentic(&known.secret, signatures, body) {
            Ok(Ok(known))
        } else {
            Ok(Err(Verdict::Unauthentic))
        }
    }

    async fn open(
        &self,
        webhook: &Webhook,
        remembered: Option<Known>,
        now: Timestamp,
    ) -> Result<Known, Ill> {
        let same = remembered.filter(|known| known.sealed == webhook.sealed);
        let secret = if let Some(same) = same {
            same.secret
        } else {
            let of = (webhook.org, webhook.connection);
            self.credentials.open(of, SECRET, &webhook.sealed).await?
        };
        let known = Known {
            org: webhook.org,
            sealed: webhook.sealed.clone(),
            secret,
            read_at: now,
        };
        self.secrets
            .locked()
            .insert(webhook.connection, known.clone());
        Ok(known)
    }

    fn remembered(&self, connection: ConnectionId) -> Option<Known> {
        self.secrets.locked().get(&connection).cloned()
    }
}
