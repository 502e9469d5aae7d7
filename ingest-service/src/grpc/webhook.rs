//! A connection's webhook.

use chassis::Code;
use proto::{
    ConnectionId, OrgId,
    facts::v1::{Completeness, Dataset},
    ingest::v1 as wire,
    time::to_proto,
};
use tonic::Status;

use super::{SyncApi, capability::refusal, sync::unavailable};
use crate::{
    pagerduty::Failure,
    probe::Capability,
    webhook::{Arrival, View, WebhookError},
};

const NO_PUBLIC_URL: &str =
    "this installation has no public address for PagerDuty to deliver to (INGEST_PUBLIC_URL)";
const BY_HAND: &str = "this access may not subscribe: create the subscription at PagerDuty with this address, and paste its secret here";
const MISSED: &str = "nothing has come although incidents were worked on";

impl SyncApi {
    pub(super) async fn webhook(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<wire::Webhook, Status> {
        let view = self.subscriber.view(org, connection).await;
        let view = view.map_err(|error| unavailable(&error))?;
        self.rendered(view, org, connection).await
    }

    pub(super) async fn subscribed(
        &self,
        org: OrgId,
        connection: ConnectionId,
        secret: String,
    ) -> Result<wire::Webhook, Status> {
        match self.subscriber.enable(org, connection, secret.into()).await {
            Ok(view) => self.rendered(view, org, connection).await,
            Err(error) => {
                if let WebhookError::Pagerduty(Failure::Forbidden(words)) = &error {
                    self.barred(org, connection, words).await;
                }
                Err(status(error))
            }
        }
    }

    pub(super) async fn unsubscribed(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<wire::Webhook, Status> {
        let view = self
            .subscriber
            .disable(org, connection)
            .await
            .map_err(status)?;
        self.rendered(view, org, connection).await
    }

    /// The access turned out not to be allowed to subscribe.
    async fn barred(&self, org: OrgId, connection: ConnectionId, words: &str) {
        let found = [Capability {
            dataset: Dataset::Webhooks,
            access: Completeness::Forbidden,
            reason: words.to_owned(),
        }];
        let now = self.clock.now();
        let saved = self.store.save_capabilities((org, connection), &found, now);
        if let Err(error) = saved.await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what was found out is not kept"
            );
        }
    }

    async fn rendered(
        &self,
        view: View,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<wire::Webhook, Status> {
        let known = self.store.capabilities(org, connection).await;
        let (known, _) = known.map_err(|error| unavailable(&error))?;
        let known = known
            .into_iter()
            .find(|one| one.dataset == Dataset::Webhooks);
        let allowed = known.is_none_or(|one| one.access != Completeness::Forbidden);
        let can_subscribe = allowed && !view.url.is_empty();
        let Some((webhook, arrival)) = view.webhook else {
            let reason = match (view.url.is_empty(), allowed) {
                (true, _) => NO_PUBLIC_URL,
                (false, false) => BY_HAND,
                (false, true) => "",
            };
            return Ok(wire::Webhook {
                state: wire::WebhookState::Off.into(),
                url: view.url,
                can_subscribe,
                reason: reason.to_owned(),
                ..wire::Webhook::default()
            });
        };
        let (state, reason) = match arrival {
            Arrival::Waiting => (wire::WebhookState::Waiting, String::new()),
            Arrival::Receiving => (wire::WebhookState::Receiving, String::new()),
            Arrival::Silent if webhook.trouble.is_empty() => {
                (wire::WebhookState::Silent, MISSED.to_owned())
            }
            Arrival::Silent => (wire::WebhookState::Silent, webhook.trouble),
        };
        Ok(wire::Webhook {
            state: state.into(),
            url: view.url,
            subscribed_at: Some(to_proto(webhook.subscribed_at)),
            last_event_at: webhook.last_event_at.map(to_proto),
            events: webhook.events,
            can_subscribe,
            reason,
        })
    }
}

fn status(error: WebhookError) -> Status {
    let message = error.to_string();
    match error {
        WebhookError::NoPublicUrl => Code::Precondition.status("NO_PUBLIC_URL", NO_PUBLIC_URL),
        WebhookError::InvalidSecret => Code::Invalid.status("INVALID_SECRET", &message),
        WebhookError::Pagerduty(Failure::Forbidden(_)) => {
            Code::Precondition.status("FORBIDDEN", &message)
        }
        WebhookError::Pagerduty(Failure::NotInPlan) => {
            Code::Precondition.status("NOT_IN_PLAN", &message)
        }
        WebhookError::Pagerduty(failure) => refusal(&failure),
        WebhookError::NoSecret => Code::Unavailable.status("PAGERDUTY", &message),
        WebhookError::Seal(_) => Code::Unavailable.status("SEAL", &message),
        WebhookError::Store(error) => unavailable(&error),
    }
}
