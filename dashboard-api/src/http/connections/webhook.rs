//! How events of PagerDuty arrive.

use axum::{Json, extract::Path};
use jiff::Timestamp;
use proto::{
    ingest::v1::{DisableWebhookRequest, EnableWebhookRequest, Webhook as IngestWebhook},
    time::from_proto,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Connection,
    actions::{finish, named},
};
use crate::http::{
    answer::Ask,
    body::Body,
    problem::{Problem, ProblemBody},
    words::WebhookStateName,
};

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Webhook {
    state: WebhookStateName,
    /// Where PagerDuty has to deliver.
    url: String,
    subscribed_at: Option<Timestamp>,
    last_event_at: Option<Timestamp>,
    events: i64,
    /// The access may create the subscription by itself.
    can_subscribe: bool,
    reason: String,
}

impl From<IngestWebhook> for Webhook {
    fn from(webhook: IngestWebhook) -> Self {
        Self {
            state: webhook.state().into(),
            subscribed_at: webhook.subscribed_at.as_ref().and_then(from_proto),
            last_event_at: webhook.last_event_at.as_ref().and_then(from_proto),
            url: webhook.url,
            events: webhook.events,
            can_subscribe: webhook.can_subscribe,
            reason: webhook.reason,
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Subscribing {
    /// The secret that PagerDuty showed for a subscription made by hand; without one a
    /// subscription is made.
    #[schema(max_length = 500)]
    secret: Option<String>,
}

impl std::fmt::Debug for Subscribing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Subscribing(***)")
    }
}

/// Subscribes to events.
#[utoipa::path(
    put, path = "/api/v1/connections/{id}/webhook", operation_id = "enable_webhook", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    request_body = Subscribing,
    responses(
        (status = 200, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn enable_webhook(
    ask: Ask,
    Path(id): Path<String>,
    Body(wish): Body<Subscribing>,
) -> Result<Json<Connection>, Problem> {
    let (id, org_id, connection_id) = named(&ask, &id).await?;
    let message = EnableWebhookRequest {
        org_id,
        connection_id,
        secret: wish.secret.unwrap_or_default(),
    };
    let done = ask.app.ingest.enable_webhook(message).await.map(drop);
    finish(&ask, id, done, "webhook.enabled").await
}

/// Ends the subscription.
#[utoipa::path(
    delete, path = "/api/v1/connections/{id}/webhook", operation_id = "disable_webhook", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    responses(
        (status = 200, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn disable_webhook(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Json<Connection>, Problem> {
    let (id, org_id, connection_id) = named(&ask, &id).await?;
    let message = DisableWebhookRequest {
        org_id,
        connection_id,
    };
    let done = ask.app.ingest.disable_webhook(message).await.map(drop);
    finish(&ask, id, done, "webhook.disabled").await
}
