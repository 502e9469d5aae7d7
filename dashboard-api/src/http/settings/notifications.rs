//! Where news go besides mail.

use axum::Json;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    http::{
        answer::Ask,
        body::Body,
        problem::{Problem, ProblemBody},
        words::{NotificationKind, Word},
    },
    notify::{self, address},
    store::notifications::{Destinations, Outgoing},
};

#[derive(Serialize, ToSchema)]
pub(in crate::http) struct Notifications {
    webhook_url: Option<String>,
    slack_url: Option<String>,
    /// The weekly summary by mail.
    digest: bool,
    /// What is told.
    kinds: Vec<NotificationKind>,
    /// What signs the webhook; told only when the webhook's address is changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl std::fmt::Debug for Notifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notifications(***)")
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewNotifications {
    #[schema(max_length = 1000)]
    webhook_url: Option<String>,
    #[schema(max_length = 1000)]
    slack_url: Option<String>,
    digest: bool,
    #[schema(max_items = 6)]
    kinds: Vec<NotificationKind>,
}

impl std::fmt::Debug for NewNotifications {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewNotifications(***)")
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Tested {
    /// Messages that are on their way.
    queued: i64,
}

/// Where news go.
#[utoipa::path(
    get, path = "/api/v1/notifications", operation_id = "notifications", tag = "settings",
    responses(
        (status = 200, body = Notifications),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn notifications(ask: Ask) -> Result<Json<Notifications>, Problem> {
    let stored = ask.app.store.destinations(ask.caller.org).await?;
    Ok(Json(shape(&ask, &stored, None)))
}

/// Sets where news go.
#[utoipa::path(
    put, path = "/api/v1/notifications", operation_id = "set_notifications", tag = "settings",
    request_body = NewNotifications,
    responses(
        (status = 200, body = Notifications),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn set_notifications(
    ask: Ask,
    Body(wish): Body<NewNotifications>,
) -> Result<Json<Notifications>, Problem> {
    let org = ask.caller.org;
    let before = ask.app.store.destinations(org).await?;
    let vault = &ask.app.vault;
    let known = before
        .webhook_url
        .as_deref()
        .and_then(|sealed| vault.open(org, sealed));
    let changed = known != wish.webhook_url && wish.webhook_url.is_some();
    let mut stored = Destinations {
        webhook_url: sealed(&ask, "#/webhook_url", wish.webhook_url.as_deref())?,
        slack_url: sealed(&ask, "#/slack_url", wish.slack_url.as_deref())?,
        digest: wish.digest,
        kinds: wish
            .kinds
            .iter()
            .map(|kind| kind.name().to_owned())
            .collect(),
        ..before
    };
    stored.kinds.sort();
    stored.kinds.dedup();
    if changed {
        stored.secret_nonce = notify::fresh_nonce();
    }
    let detail = json!({
        "webhook": stored.webhook_url.is_some(),
        "slack": stored.slack_url.is_some(),
        "digest": stored.digest,
        "kinds": stored.kinds,
    });
    ask.note("notifications.changed", "settings:notifications", detail)
        .await?;
    let now = ask.app.clock.now();
    ask.app.store.set_destinations(org, &stored, now).await?;
    let secret = changed.then(|| vault.signing_secret(org, &stored.secret_nonce));
    Ok(Json(shape(&ask, &stored, secret)))
}

fn sealed(ask: &Ask, pointer: &str, url: Option<&str>) -> Result<Option<Vec<u8>>, Problem> {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Ok(None);
    };
    address::parse(url, ask.app.private_targets)
        .map_err(|error| Problem::invalid_body(pointer, &error.to_string()))?;
    let sealed = ask.app.vault.seal(ask.caller.org, url);
    sealed
        .map(Some)
        .ok_or_else(|| Problem::invalid_body(pointer, "It cannot be kept."))
}

fn shape(ask: &Ask, stored: &Destinations, secret: Option<String>) -> Notifications {
    let open = |sealed: &Option<Vec<u8>>| {
        let sealed = sealed.as_deref()?;
        ask.app.vault.open(ask.caller.org, sealed)
    };
    Notifications {
        webhook_url: open(&stored.webhook_url),
        slack_url: open(&stored.slack_url),
        digest: stored.digest,
        kinds: stored
            .kinds
            .iter()
            .filter_map(|name| NotificationKind::from_name(name))
            .collect(),
        secret,
    }
}

/// Sends a message to every address that is set.
#[utoipa::path(
    post, path = "/api/v1/notifications/test", operation_id = "test_notifications", tag = "settings",
    responses(
        (status = 202, body = Tested),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn test_notifications(
    ask: Ask,
) -> Result<(http::StatusCode, Json<Tested>), Problem> {
    let org = ask.caller.org;
    ask.note("notifications.tested", "settings:notifications", json!({}))
        .await?;
    let stored = ask.app.store.destinations(org).await?;
    let news = Outgoing::test(ask.app.clock.now());
    let queued = ask.app.store.queue_news(org, &stored, &news).await?;
    Ok((http::StatusCode::ACCEPTED, Json(Tested { queued })))
}
