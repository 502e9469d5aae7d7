//! What people do to a connection: synchronize, hold, end, look at what it can read, disconnect.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use chassis::Code;
use http::{HeaderValue, StatusCode, header};
use proto::{
    ConnectionId,
    auth::v1::DisconnectRequest,
    ingest::v1::{CancelSyncRequest, PauseSyncRequest, ProbeRequest, ResumeSyncRequest},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{AUTH, Connection, INGEST, own_connection, shown, unknown_connection};
use crate::http::{
    answer::Ask,
    problem::{Problem, ProblemBody},
};

/// A synchronization that was started.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct StartedSync {
    run_id: String,
}

/// What disconnecting does besides ending the access.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(in crate::http) struct Disconnecting {
    /// Delete what was collected, 30 days from now.
    erase_data: bool,
}

/// Starts a synchronization now.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/syncs", operation_id = "start_sync", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    responses(
        (status = 202, body = StartedSync, headers(("Location" = String, description = "Where its progress is told"))),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "One is under way"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn start_sync(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = own_connection(&ask.app, &ask.caller, &id).await?;
    let run = ask
        .app
        .ingest
        .start(ask.caller.org, id)
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
    ask.note("sync.started", &format!("connection:{id}"), json!({}))
        .await?;
    let run_id = run.map(|run| run.id).unwrap_or_default();
    let location = format!("/api/v1/connections/{id}/events");
    let location = HeaderValue::from_str(&location).map_err(|error| Problem::internal(&error))?;
    let body = Json(StartedSync { run_id });
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], body).into_response())
}

/// Destroys the tokens. What was read stays, unless it is asked to be deleted.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/disconnect", operation_id = "disconnect", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    request_body(content = Option<Disconnecting>, content_type = "application/json"),
    responses(
        (status = 200, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn disconnect(
    ask: Ask,
    Path(id): Path<String>,
    body: axum::body::Bytes,
) -> Result<Json<Connection>, Problem> {
    let id = own_connection(&ask.app, &ask.caller, &id).await?;
    let wish = if body.is_empty() {
        Disconnecting::default()
    } else {
        let wish: Option<Disconnecting> = crate::http::body::parse(&body)?;
        wish.unwrap_or_default()
    };
    // auth-service writes its own audit entry for this.
    let ended = ask
        .app
        .auth
        .disconnect(DisconnectRequest {
            org_id: ask.caller.org.to_string(),
            person_id: ask.caller.person()?,
            connection_id: id.to_string(),
            erase_data: wish.erase_data,
        })
        .await;
    let ended = ended.map_err(|status| Problem::of_peer(&status, AUTH))?;
    let ended = ended.connection.ok_or_else(unknown_connection)?;
    super::render(&ask.app, &ask.caller, ended).await.map(Json)
}

/// Asks PagerDuty nothing more until it is resumed.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/pause", operation_id = "pause_sync", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    responses(
        (status = 200, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn pause(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Json<Connection>, Problem> {
    let (id, org_id, connection_id) = named(&ask, &id).await?;
    let message = PauseSyncRequest {
        org_id,
        connection_id,
    };
    let done = ask.app.ingest.pause_sync(message).await.map(drop);
    finish(&ask, id, done, "sync.paused").await
}

/// Goes on with a synchronization that was paused.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/resume", operation_id = "resume_sync", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    responses(
        (status = 200, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn resume(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Json<Connection>, Problem> {
    let (id, org_id, connection_id) = named(&ask, &id).await?;
    let message = ResumeSyncRequest {
        org_id,
        connection_id,
    };
    let done = ask.app.ingest.resume_sync(message).await.map(drop);
    finish(&ask, id, done, "sync.resumed").await
}

/// Ends the synchronization under way; what it finished stays.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/cancel", operation_id = "cancel_sync", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    responses(
        (status = 200, body = Connection),
        (status = 409, body = ProblemBody, content_type = "application/problem+json", description = "None is under way"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn cancel(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Json<Connection>, Problem> {
    let (id, org_id, connection_id) = named(&ask, &id).await?;
    let message = CancelSyncRequest {
        org_id,
        connection_id,
    };
    let done = ask.app.ingest.cancel_sync(message).await.map(drop);
    finish(&ask, id, done, "sync.cancelled").await
}

/// Asks PagerDuty with one small request for each dataset what this access can read.
#[utoipa::path(
    post, path = "/api/v1/connections/{id}/probe", operation_id = "probe", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection")),
    responses(
        (status = 200, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn probe(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<Json<Connection>, Problem> {
    let (id, org_id, connection_id) = named(&ask, &id).await?;
    let message = ProbeRequest {
        org_id,
        connection_id,
    };
    let done = ask.app.ingest.probe(message).await.map(drop);
    finish(&ask, id, done, "connection.probed").await
}

/// A connection of the caller's organization, with the words for a message.
pub(super) async fn named(ask: &Ask, id: &str) -> Result<(ConnectionId, String, String), Problem> {
    let id = own_connection(&ask.app, &ask.caller, id).await?;
    Ok((id, ask.caller.org.to_string(), id.to_string()))
}

pub(super) async fn finish(
    ask: &Ask,
    id: ConnectionId,
    done: Result<(), tonic::Status>,
    action: &str,
) -> Result<Json<Connection>, Problem> {
    done.map_err(|status| Problem::of_peer(&status, INGEST))?;
    ask.note(action, &format!("connection:{id}"), json!({}))
        .await?;
    shown(&ask.app, &ask.caller, id).await
}
