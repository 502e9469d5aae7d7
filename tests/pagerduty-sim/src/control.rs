//! `/sim/*`: what a test or a demonstration does to the simulator. Only the loopback interface may ask.

mod happenings;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Path, Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::faults::Fault;
use crate::identity::{IdTokenMode, authorize};
use crate::ledger::{LedgerPage, LedgerSummary};
use crate::state::AppState;

/// The control routes, without `/sim/truth`.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/sim/ledger", get(ledger).delete(clear_ledger))
        .route("/sim/ledger/summary", get(ledger_summary))
        .route("/sim/faults", post(add_fault).delete(clear_faults))
        .route("/sim/faults/{id}", delete(remove_fault))
        .route("/sim/clock", get(clock).post(advance_clock))
        .route("/sim/rate-limit", post(rate_limit))
        .route("/sim/redirect-uris", post(redirect_uri))
        .route("/sim/revoke", post(revoke))
        .route("/sim/spike", post(spike))
        .route("/sim/account", post(account))
        .route("/sim/grants", post(grants))
        .route("/sim/id-token", post(id_token))
        .route("/sim/rotate-key", post(rotate_key))
        .route("/sim/app", post(app))
        .route("/sim/latency", post(latency))
        .route("/sim/analytics-quota", post(analytics_quota))
        .route("/sim/delegations", get(delegations))
        .route("/sim/consent", post(consent))
        .merge(happenings::router())
}

/// The layer: 403 for everybody who does not ask from this machine.
pub async fn loopback_only(request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip().to_canonical());
    if peer.is_some_and(|peer| peer.is_loopback()) {
        next.run(request).await
    } else {
        refuse(StatusCode::FORBIDDEN, "only the loopback interface may ask")
    }
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

fn unknown_account(name: &str) -> Response {
    refuse(StatusCode::NOT_FOUND, &format!("no account {name}"))
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn ledger(
    State(state): State<AppState>,
    Query(Since { since }): Query<Since>,
) -> Json<LedgerPage> {
    Json(state.ledger.page(since))
}

async fn clear_ledger(State(state): State<AppState>) -> StatusCode {
    state.ledger.clear();
    StatusCode::NO_CONTENT
}

async fn ledger_summary(State(state): State<AppState>) -> Json<LedgerSummary> {
    Json(state.ledger.summary())
}

async fn add_fault(State(state): State<AppState>, Json(fault): Json<Fault>) -> Json<Value> {
    Json(json!({"id": state.faults.add(fault)}))
}

async fn clear_faults(State(state): State<AppState>) -> StatusCode {
    state.faults.clear();
    StatusCode::NO_CONTENT
}

async fn remove_fault(State(state): State<AppState>, Path(id): Path<u64>) -> Response {
    if state.faults.remove(id) {
        StatusCode::NO_CONTENT.into_response()
    } else {
        refuse(StatusCode::NOT_FOUND, "no such fault")
    }
}

async fn clock(State(state): State<AppState>) -> Json<Value> {
    Json(json!({"now": state.clock.now(), "offset_seconds": state.clock.offset_seconds()}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: i64,
}

async fn advance_clock(State(state): State<AppState>, Json(advance): Json<Advance>) -> Json<Value> {
    state.clock.advance(advance.advance_seconds);
    clock(State(state)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerMinute {
    per_minute: Option<u32>,
}

async fn rate_limit(State(state): State<AppState>, Json(limit): Json<PerMinute>) -> StatusCode {
    state.rate_limit.set(limit.per_minute);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RedirectUri {
    uri: String,
}

async fn redirect_uri(
    State(state): State<AppState>,
    Json(redirect): Json<RedirectUri>,
) -> StatusCode {
    state.identity.allow_redirect(&redirect.uri);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfAccount {
    account: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    account: String,
    delegation: Option<String>,
}

async fn revoke(State(state): State<AppState>, Json(of): Json<Revocation>) -> Response {
    if state.account(&of.account).is_none() {
        return unknown_account(&of.account);
    }
    let revoked = match of.delegation {
        Some(id) => usize::from(state.identity.revoke_grant(&id)),
        None => state.identity.revoke_account(&of.account),
    };
    Json(json!({"revoked": revoked})).into_response()
}

async fn delegations(State(state): State<AppState>, Query(of): Query<OfAccount>) -> Response {
    Json(json!({"delegations": state.identity.delegations(&of.account)})).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spike {
    account: String,
    day: Date,
    log_entries: u64,
}

async fn spike(State(state): State<AppState>, Json(spike): Json<Spike>) -> Response {
    let Some(account) = state.account(&spike.account) else {
        return unknown_account(&spike.account);
    };
    account.world.set_spike(spike.day, spike.log_entries);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    account: String,
    abilities: Option<BTreeSet<String>>,
    role_of_admin: Option<String>,
    admin_deleted: Option<bool>,
}

async fn account(State(state): State<AppState>, Json(change): Json<AccountChange>) -> Response {
    let Some(account) = state.account(&change.account) else {
        return unknown_account(&change.account);
    };
    if let Some(abilities) = change.abilities {
        account.set_abilities(abilities);
    }
    if let Some(role) = change.role_of_admin {
        account.admin.set_role(&role);
    }
    if let Some(deleted) = change.admin_deleted {
        account.admin.set_deleted(deleted);
        if deleted {
            state.identity.revoke_account(&account.subdomain);
        }
    }
    Json(json!({
        "id": account.id,
        "subdomain": account.subdomain,
        "region": account.region.code(),
        "abilities": account.abilities(),
        "admin": {"user_id": account.admin.user_id, "email": account.admin.email, "role": account.admin.role(), "deleted": account.admin.is_deleted()},
    }))
    .into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cap {
    scopes: Option<BTreeSet<String>>,
}

async fn grants(State(state): State<AppState>, Json(cap): Json<Cap>) -> StatusCode {
    state.identity.set_grant_cap(cap.scopes);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    mode: IdTokenMode,
}

async fn id_token(State(state): State<AppState>, Json(mode): Json<Mode>) -> StatusCode {
    state.identity.set_id_token_mode(mode.mode);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Installation {
    client_id: String,
    installed: bool,
}

async fn app(State(state): State<AppState>, Json(app): Json<Installation>) -> StatusCode {
    state.identity.set_installed(&app.client_id, app.installed);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerDay {
    per_day: Option<u32>,
}

async fn analytics_quota(State(state): State<AppState>, Json(quota): Json<PerDay>) -> StatusCode {
    state.rate_limit.set_analytics(quota.per_day);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Latency {
    ms: u64,
}

async fn latency(State(state): State<AppState>, Json(latency): Json<Latency>) -> StatusCode {
    state.faults.set_latency(latency.ms);
    StatusCode::NO_CONTENT
}

async fn rotate_key(State(state): State<AppState>) -> StatusCode {
    state.identity.rotate_key();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConsentRequest {
    authorize_url: String,
    email: String,
    #[serde(default = "allow")]
    decision: String,
}

fn allow() -> String {
    "allow".to_owned()
}

async fn consent(State(state): State<AppState>, Json(request): Json<ConsentRequest>) -> Response {
    match authorize::walk(
        &state,
        &request.authorize_url,
        &request.email,
        &request.decision,
    ) {
        Ok(location) => Json(json!({"location": location})).into_response(),
        Err(message) => refuse(StatusCode::BAD_REQUEST, &message),
    }
}
