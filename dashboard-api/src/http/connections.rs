//! The organization's connections to PagerDuty: state, synchronizations, disconnect.

use axum::{
    Json,
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use chassis::Code;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use proto::{
    ConnectionId,
    auth::v1::{Connection as AuthConnection, ConnectionState, Region},
    time::from_proto,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App, Shared,
    access::Caller,
    asked::Asked,
    problem::{Problem, ProblemBody},
    sync::Sync,
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connection {
    id: String,
    /// `connected`, `reconnect` or `disconnected`.
    state: &'static str,
    account_id: String,
    subdomain: String,
    /// `us` or `eu`.
    region: &'static str,
    consented_at: Option<Timestamp>,
    pagerduty_user_id: String,
    scopes_granted: Vec<String>,
    scopes_missing: Vec<String>,
    /// Why it has to be reconnected.
    reason: String,
    access_ends_at: Option<Timestamp>,
    /// The newest synchronization; null before the first and while it cannot be asked for.
    sync: Option<Sync>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConnectionList {
    data: Vec<Connection>,
}

/// A synchronization that was started.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StartedSync {
    run_id: String,
}

const AUTH: &str = "The connection service";
const INGEST: &str = "The synchronization service";

/// All connections, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/connections", operation_id = "connections",
    responses(
        (status = 200, body = ConnectionList),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    asked: Asked,
) -> Result<Json<ConnectionList>, Problem> {
    asked.only(&[])?;
    let found = app.auth.connections(caller.org).await;
    let found = found.map_err(|status| Problem::of_peer(&status, AUTH))?;
    let mut data = Vec::with_capacity(found.len());
    for connection in found {
        data.push(render(&app, &caller, connection).await?);
    }
    Ok(Json(ConnectionList { data }))
}

/// Starts a synchronization now.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/syncs", operation_id = "start_sync",
    params(("id" = String, Path, description = "Connection")),
    responses(
        (status = 202, body = StartedSync),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "One is under way"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn start_sync(
    State(app): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = own_connection(&app, &caller, &id).await?;
    let run = app
        .ingest
        .start(caller.org, id)
        .await
        .map_err(|status| match status.code() {
            tonic::Code::AlreadyExists => Problem::new(
                Code::Conflict,
                "sync-running",
                "A synchronization is under way",
                status.message(),
            ),
            _ => Problem::of_peer(&status, INGEST),
        })?;
    let run_id = run.map(|run| run.id).unwrap_or_default();
    let location = format!("/api/v1/connections/{id}/events");
    let location = HeaderValue::from_str(&location).map_err(|error| Problem::internal(&error))?;
    let body = Json(StartedSync { run_id });
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], body).into_response())
}

/// Destroys the tokens. What was read stays.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/disconnect", operation_id = "disconnect",
    params(("id" = String, Path, description = "Connection")),
    responses(
        (status = 200, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn disconnect(
    State(app): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Connection>, Problem> {
    let id = own_connection(&app, &caller, &id).await?;
    let ended = app.auth.disconnect(caller.org, &caller.person_id, id).await;
    let ended = ended.map_err(|status| Problem::of_peer(&status, AUTH))?;
    let ended = ended.ok_or_else(unknown_connection)?;
    render(&app, &caller, ended).await.map(Json)
}

fn unknown_connection() -> Problem {
    Problem::not_found("There is no such connection in this organization.")
}

/// The id of a connection of the caller's organization; another tenant's does not exist.
pub(super) async fn own_connection(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<ConnectionId, Problem> {
    let id: ConnectionId = id.parse().map_err(|_| unknown_connection())?;
    let own = app.auth.connections(caller.org).await;
    let own = own.map_err(|status| Problem::of_peer(&status, AUTH))?;
    let text = id.to_string();
    let known = own.iter().any(|connection| connection.id == text);
    known.then_some(id).ok_or_else(unknown_connection)
}

async fn render(
    app: &App,
    caller: &Caller,
    connection: AuthConnection,
) -> Result<Connection, Problem> {
    let state = match connection.state() {
        ConnectionState::Connected => "connected",
        ConnectionState::Unspecified | ConnectionState::Reconnect => "reconnect",
        ConnectionState::Disconnected => "disconnected",
    };
    let region = match connection.region() {
        Region::Eu => "eu",
        Region::Unspecified | Region::Us => "us",
    };
    let at = |at: Option<prost_types::Timestamp>| at.as_ref().and_then(from_proto);
    Ok(Connection {
        sync: newest_sync(app, caller, &connection.id).await?,
        state,
        region,
        consented_at: at(connection.consented_at),
        access_ends_at: at(connection.access_ends_at),
        id: connection.id,
        account_id: connection.account_id,
        subdomain: connection.subdomain,
        pagerduty_user_id: connection.pagerduty_user_id,
        scopes_granted: connection.scopes_granted,
        scopes_missing: connection.scopes_missing,
        reason: connection.reason,
    })
}

/// The card is shown without its synchronization while ingest-service is away.
async fn newest_sync(app: &App, caller: &Caller, id: &str) -> Result<Option<Sync>, Problem> {
    let Ok(id) = id.parse() else {
        return Ok(None);
    };
    match app.ingest.newest(caller.org, id).await {
        Ok(Some(run)) => Ok(Some(Sync::of(app, caller.org, &run).await?)),
        Ok(None) => Ok(None),
        Err(status) => {
            tracing::warn!(code = ?status.code(), message = status.message(), "the newest sync is not known");
            Ok(None)
        }
    }
}
