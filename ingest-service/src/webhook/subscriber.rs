//! Subscribes at PagerDuty and unsubscribes, or takes the secret of a subscription made by hand.

use chassis::Clock;
use jiff::SignedDuration;
use proto::{ConnectionId, OrgId, facts::v1::Dataset};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::{Arrival, SECRET, Webhook, receiver::Secrets};
use crate::{
    credential::{Credentials, SealError},
    pagerduty::{
        Call, Failure, Session, endpoint,
        model::subscription::{Subscription, subscription, subscriptions_to},
    },
    store::{Store, StoreError},
    visit::Visits,
};

/// Everything that says who did something, and what becomes of an incident.
const EVENTS: [&str; 19] = [
    "incident.triggered",
    "incident.acknowledged",
    "incident.unacknowledged",
    "incident.resolved",
    "incident.reopened",
    "incident.reassigned",
    "incident.delegated",
    "incident.escalated",
    "incident.annotated",
    "incident.priority_updated",
    "incident.responder.added",
    "incident.responder.replied",
    "incident.status_update_published",
    "incident.custom_field_values.updated",
    "incident.action_invocation.created",
    "incident.workflow.started",
    "incident.workflow.completed",
    "service.created",
    "service.updated",
];
/// A secret is longer than this and shorter than that, whoever made it.
const SECRET_LENGTH: std::ops::RangeInclusive<usize> = 16..=512;
/// A window of log entries reaches back a little over the one before.
const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// Why a webhook could not be switched.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// PagerDuty has nowhere to deliver to.
    #[error("this installation has no public address for PagerDuty to deliver to")]
    NoPublicUrl,
    /// What was pasted is no secret.
    #[error("this is not the secret of a webhook subscription")]
    InvalidSecret,
    /// PagerDuty does not allow it, or cannot be asked.
    #[error("{0}")]
    Pagerduty(Failure),
    /// PagerDuty made a subscription and did not tell its secret.
    #[error("PagerDuty did not tell the secret of the subscription")]
    NoSecret,
    /// The secret cannot be sealed.
    #[error("the secret cannot be kept now")]
    Seal(#[from] SealError),
    /// The database failed.
    #[error("the webhook cannot be kept now")]
    Store(#[from] StoreError),
}

/// A connection's webhook, for whoever looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// What is kept; `None`: nothing is subscribed.
    pub webhook: Option<(Webhook, Arrival)>,
    /// Where PagerDuty has to deliver; empty without a public address.
    pub url: String,
}

/// Switches webhooks on and off.
#[derive(Debug, Clone)]
pub struct Subscriber {
    /// Where they are kept.
    pub store: Store,
    /// Who seals secrets.
    pub credentials: Credentials,
    /// How PagerDuty is asked.
    pub visits: Visits,
    /// Where PagerDuty reaches the public port.
    pub public_url: Option<Url>,
    /// Those that deliveries are checked with.
    pub secrets: Secrets,
    /// Time.
    pub clock: Clock,
}

impl Subscriber {
    /// What is known of a connection's webhook.
    pub async fn view(&self, org: OrgId, connection: ConnectionId) -> Result<View, StoreError> {
        let webhook = match self.store.webhook(org, connection).await? {
            None => None,
            Some(webhook) => {
                let since = webhook.last_event_at.unwrap_or(webhook.subscribed_at) + OVERLAP;
                let missed = self.store.happened_since(org, connection, since).await?;
                let arrival = webhook.arrival(missed);
                Some((webhook, arrival))
            }
        };
        Ok(View {
            webhook,
            url: self.url(connection).unwrap_or_default(),
        })
    }

    /// Takes the secret of a subscription made by hand, else subscribes.
    pub async fn enable(
        &self,
        org: OrgId,
        connection: ConnectionId,
        secret: SecretString,
    ) -> Result<View, WebhookError> {
        let of = (org, connection);
        if !secret.expose_secret().is_empty() {
            let pasted = SecretString::from(secret.expose_secret().trim());
            if !SECRET_LENGTH.contains(&pasted.expose_secret().len()) {
                return Err(WebhookError::InvalidSecret);
            }
            self.keep(of, &pasted, "").await?;
            return Ok(self.view(org, connection).await?);
        }
        let known = self.store.webhook(org, connection).await?;
        let subscribed =
            known.is_some_and(|one| !one.subscription_id.is_empty() && one.trouble.is_empty());
        if !subscribed {
            self.subscribe(of).await?;
        }
        Ok(self.view(org, connection).await?)
    }

    /// Removes the subscription, as far as PagerDuty allows, and forgets the secret.
    pub async fn disable(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<View, WebhookError> {
        let known = self.store.webhook(org, connection).await?;
        if let Some(webhook) = known.filter(|one| !one.subscription_id.is_empty()) {
            let session = self.visits.session(org, connection);
            if let Err(failure) = remove(&session, &webhook.subscription_id).await {
                // Deliveries are answered 404 from now on, which ends them.
                tracing::warn!(%connection, %failure, "the subscription was left at PagerDuty");
            }
        }
        self.store.remove_webhook(org, connection).await?;
        Ok(self.view(org, connection).await?)
    }

    async fn subscribe(&self, of: (OrgId, ConnectionId)) -> Result<(), WebhookError> {
        let url = self.url(of.1).ok_or(WebhookError::NoPublicUrl)?;
        let session = self.visits.session(of.0, of.1);
        self.clear(&session, &url).await?;
        let created = create(&session, &url).await;
        let created = created.map_err(|failure| WebhookError::Pagerduty(explain(failure)))?;
        let Some(secret) = &created.secret else {
            self.withdraw(&session, &created.id).await;
            return Err(WebhookError::NoSecret);
        };
        if let Err(error) = self.keep(of, secret, &created.id).await {
            self.withdraw(&session, &created.id).await;
            return Err(error);
        }
        let path = format!("{}/ping", subscription_path(&created.id));
        let ping = Call::post(path, String::new());
        if let Err(failure) = session.read(Dataset::Webhooks, &ping, |_| Ok(())).await {
            tracing::info!(connection = %of.1, %failure, "PagerDuty was not asked to try the webhook");
        }
        Ok(())
    }

    /// Subscriptions to the same address whose secret nobody knows any more.
    async fn clear(&self, session: &Session, url: &str) -> Result<(), WebhookError> {
        let call = Call::get(
            "/webhook_subscriptions".to_owned(),
            vec![("limit", endpoint::CLASSIC_LIMIT.to_string())],
        );
        let listed = session
            .read(Dataset::Webhooks, &call, subscriptions_to)
            .await;
        let listed = listed.map_err(|failure| WebhookError::Pagerduty(explain(failure)))?;
        for (id, _) in listed.into_iter().filter(|(_, to)| to == url) {
            self.withdraw(session, &id).await;
        }
        Ok(())
    }

    async fn keep(
        &self,
        of: (OrgId, ConnectionId),
        secret: &SecretString,
        subscription_id: &str,
    ) -> Result<(), WebhookError> {
        let sealed = self.credentials.seal(of, SECRET, secret).await?;
        let now = self.clock.now();
        let saved = self.store.save_webhook(of, &sealed, subscription_id, now);
        saved.await?;
        self.secrets.forget(of.1);
        Ok(())
    }

    async fn withdraw(&self, session: &Session, subscription_id: &str) {
        if let Err(failure) = remove(session, subscription_id).await {
            tracing::warn!(%failure, "a subscription that is not kept was left at PagerDuty");
        }
    }

    fn url(&self, connection: ConnectionId) -> Option<String> {
        let base = self.public_url.as_ref()?.as_str().trim_end_matches('/');
        Some(format!("{base}/webhooks/pagerduty/{connection}"))
    }
}

/// A subscription's path.
pub(super) fn subscription_path(id: &str) -> String {
    format!("/webhook_subscriptions/{}", endpoint::path_segment(id))
}

async fn create(session: &Session, url: &str) -> Result<Subscription, Failure> {
    let body = serde_json::json!({
        "webhook_subscription": {
            "type": "webhook_subscription",
            "description": "Quolum: who uses what, as it happens",
            "delivery_method": { "type": "http_delivery_method", "url": url },
            "events": EVENTS,
            "filter": { "type": "account_reference" },
        }
    });
    let call = Call::post("/webhook_subscriptions".to_owned(), body.to_string());
    session.read(Dataset::Webhooks, &call, subscription).await
}

async fn remove(session: &Session, id: &str) -> Result<(), Failure> {
    let call = Call::delete(subscription_path(id));
    match session.read(Dataset::Webhooks, &call, |_| Ok(())).await {
        Err(Failure::NotFound) => Ok(()),
        removed => removed,
    }
}

fn explain(failure: Failure) -> Failure {
    match failure {
        Failure::Forbidden(words) => Failure::Forbidden(format!(
            "PagerDuty does not let this access subscribe: it needs webhook_subscriptions.write and incidents.read, or write ({words})"
        )),
        other => other,
    }
}
