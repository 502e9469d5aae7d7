//! `/sim/webhooks`, `/sim/storm`: lets things happen in an account.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Since, refuse, unknown_account};
use crate::state::{AppState, BaseUrl};
use crate::webhooks::{emit, show};

/// The routes.
pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route("/sim/webhooks", get(webhooks).delete(forget))
        .route("/sim/webhooks/emit", post(emit_events))
        .route("/sim/storm", post(storm))
}

async fn webhooks(
    State(state): State<AppState>,
    Query(Since { since }): Query<Since>,
) -> Json<Value> {
    Json(show::show(&state, since))
}

async fn forget(State(state): State<AppState>) -> StatusCode {
    show::forget(&state);
    StatusCode::NO_CONTENT
}

async fn emit_events(
    State(state): State<AppState>,
    Extension(base): Extension<BaseUrl>,
    Json(order): Json<emit::Order>,
) -> Response {
    let Some(account) = state.account(&order.account).cloned() else {
        return unknown_account(&order.account);
    };
    let played = tokio::task::spawn_blocking(move || {
        let events = emit::emit(&state, &base, &account, &order)?;
        let shown: Vec<Value> = events
            .iter()
            .map(|event| {
                json!({
                    "id": event.id,
                    "event_type": event.kind,
                    "user_id": event.user.map(|user| account.world.users[user].id.clone()),
                    "occurred_at": Timestamp::from_second(event.at).unwrap_or_default(),
                })
            })
            .collect();
        Ok::<_, String>(shown)
    });
    match played.await {
        Ok(Ok(events)) => Json(json!({"events": events})).into_response(),
        Ok(Err(why)) => refuse(StatusCode::BAD_REQUEST, &why),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Storm {
    account: String,
    start: Timestamp,
    incidents: u64,
}

async fn storm(State(state): State<AppState>, Json(storm): Json<Storm>) -> Response {
    let Some(account) = state.account(&storm.account) else {
        return unknown_account(&storm.account);
    };
    account
        .world
        .set_storm(storm.start.as_second(), storm.incidents);
    StatusCode::NO_CONTENT.into_response()
}
