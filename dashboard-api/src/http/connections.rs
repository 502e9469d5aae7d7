//! The organization's connections to PagerDuty: their state, and what was found out about them.

mod actions;
mod direct;
mod runs;
mod webhook;

use axum::{Json, response::Response};
use jiff::Timestamp;
use proto::{
    ConnectionId,
    auth::v1::{AccessWarning, Connection as AuthConnection},
    ingest::v1::{Capability as IngestCapability, GetCapabilitiesRequest, GetWebhookRequest},
    time::from_proto,
};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use self::{actions::*, direct::*, runs::*, webhook::*};
use super::{
    App,
    access::Caller,
    answer::Ask,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, Rows},
    sync::Sync,
    words::{AccessKindName, CapabilityAccess, ConnectionStateName, RegionName, WarningKind, Word},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connection {
    id: String,
    state: ConnectionStateName,
    account_id: String,
    subdomain: String,
    region: RegionName,
    access_kind: AccessKindName,
    consented_at: Option<Timestamp>,
    /// Who pressed Connect, or the invited admin.
    consented_by_name: String,
    pagerduty_user_id: String,
    scopes_granted: Vec<String>,
    scopes_missing: Vec<String>,
    /// Why it has to be reconnected.
    reason: String,
    access_ends_at: Option<Timestamp>,
    /// What will end the access unless a person acts, the earliest first.
    warnings: Vec<Warning>,
    /// When the data of a disconnected account is deleted.
    erase_at: Option<Timestamp>,
    /// What this access can read; empty while it is not known.
    capabilities: Vec<Capability>,
    webhook: Option<Webhook>,
    /// The newest synchronization; null before the first and while it cannot be asked for.
    sync: Option<Sync>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Warning {
    kind: WarningKind,
    detail: String,
    ends_at: Option<Timestamp>,
}

impl From<AccessWarning> for Warning {
    fn from(warning: AccessWarning) -> Self {
        Self {
            kind: WarningKind::from_name(&warning.kind).unwrap_or(WarningKind::Other),
            detail: warning.detail,
            ends_at: warning.ends_at.as_ref().and_then(from_proto),
        }
    }
}

/// Whether one dataset can be read, and what is missing if not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Capability {
    dataset: &'static str,
    access: CapabilityAccess,
    reason: String,
    /// The OAuth scope that the dataset needs.
    scope: String,
}

impl From<IngestCapability> for Capability {
    fn from(capability: IngestCapability) -> Self {
        Self {
            dataset: capability.dataset().name(),
            access: capability.access().into(),
            reason: capability.reason,
            scope: capability.scope,
        }
    }
}

const COLUMNS: &[&str] = &[
    "id",
    "state",
    "account_id",
    "subdomain",
    "region",
    "access_kind",
    "consented_at",
    "consented_by_name",
    "access_ends_at",
    "reason",
    "scopes_granted",
    "scopes_missing",
    "sync.state",
    "sync.as_of",
];

pub(super) const AUTH: &str = "The connection service";
pub(super) const INGEST: &str = "The synchronization service";

/// All connections, the oldest first.
#[utoipa::path(
    get, path = "/api/v1/connections", operation_id = "connections", tag = "connections",
    params(FormatParams),
    responses(
        (status = 200, body = Rows<Connection>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let found = ask.app.auth.connections(ask.caller.org).await;
    let found = found.map_err(|status| Problem::of_peer(&status, AUTH))?;
    let mut data = Vec::with_capacity(found.len());
    for connection in found {
        data.push(render(&ask.app, &ask.caller, connection).await?);
    }
    ask.rows(data, COLUMNS)
}

pub(super) fn unknown_connection() -> Problem {
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

/// A connection again, after something was done to it.
async fn shown(app: &App, caller: &Caller, id: ConnectionId) -> Result<Json<Connection>, Problem> {
    let own = app.auth.connections(caller.org).await;
    let own = own.map_err(|status| Problem::of_peer(&status, AUTH))?;
    let text = id.to_string();
    let found = own.into_iter().find(|connection| connection.id == text);
    let found = found.ok_or_else(unknown_connection)?;
    render(app, caller, found).await.map(Json)
}

async fn render(
    app: &App,
    caller: &Caller,
    connection: AuthConnection,
) -> Result<Connection, Problem> {
    let id: Option<ConnectionId> = connection.id.parse().ok();
    let at = |at: Option<prost_types::Timestamp>| at.as_ref().and_then(from_proto);
    // The card is shown without what ingest-service knows while that is away.
    let (sync, capabilities, webhook) = match id {
        Some(id) => (
            newest_sync(app, caller, id).await?,
            capabilities(app, caller, id).await,
            webhook_of(app, caller, id).await,
        ),
        None => (None, Vec::new(), None),
    };
    Ok(Connection {
        sync,
        capabilities,
        webhook,
        state: connection.state().into(),
        region: connection.region().into(),
        access_kind: connection.access_kind().into(),
        consented_at: at(connection.consented_at),
        access_ends_at: at(connection.access_ends_at),
        erase_at: at(connection.erase_at),
        id: connection.id,
        account_id: connection.account_id,
        subdomain: connection.subdomain,
        consented_by_name: connection.consented_by_name,
        pagerduty_user_id: connection.pagerduty_user_id,
        scopes_granted: connection.scopes_granted,
        scopes_missing: connection.scopes_missing,
        reason: connection.reason,
        warnings: connection.warnings.into_iter().map(Warning::from).collect(),
    })
}

async fn newest_sync(
    app: &App,
    caller: &Caller,
    id: ConnectionId,
) -> Result<Option<Sync>, Problem> {
    match app.ingest.newest(caller.org, id).await {
        Ok(Some(run)) => Ok(Some(Sync::of(app, caller.org, &run).await?)),
        Ok(None) => Ok(None),
        Err(status) => {
            not_told(&status, "the newest sync");
            Ok(None)
        }
    }
}

async fn capabilities(app: &App, caller: &Caller, id: ConnectionId) -> Vec<Capability> {
    let message = GetCapabilitiesRequest {
        org_id: caller.org.to_string(),
        connection_id: id.to_string(),
    };
    match app.ingest.get_capabilities(message).await {
        Ok(answer) => answer
            .capabilities
            .into_iter()
            .map(Capability::from)
            .collect(),
        Err(status) => {
            not_told(&status, "capabilities");
            Vec::new()
        }
    }
}

async fn webhook_of(app: &App, caller: &Caller, id: ConnectionId) -> Option<Webhook> {
    let message = GetWebhookRequest {
        org_id: caller.org.to_string(),
        connection_id: id.to_string(),
    };
    match app.ingest.get_webhook(message).await {
        Ok(answer) => answer.webhook.map(Webhook::from),
        Err(status) => {
            not_told(&status, "the webhook");
            None
        }
    }
}

fn not_told(status: &tonic::Status, what: &str) {
    let level = matches!(
        status.code(),
        tonic::Code::NotFound | tonic::Code::Unimplemented
    );
    if !level {
        tracing::warn!(code = ?status.code(), message = status.message(), what, "not known");
    }
}
