//! The gRPC services: parse, call the domain, render. What a caller sees of an error is its code, a
//! machine-readable reason and public words; the cause goes to the log here, once.

use std::{error::Error, str::FromStr, time::Duration};

use chassis::Code;
use jiff::Timestamp;
use proto::{PersonId, auth::v1::AccessWarning, ids::InvalidId, time::to_proto};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};
use uuid::Uuid;

use crate::{
    access::AccessKind,
    connection::{self as domain, ConnectionError, ConnectionState, Region},
    identity::Role,
};

pub mod access;
pub mod audit;
pub mod connection;
pub mod consent;
pub mod credential;
pub mod identity;
pub mod invitation;
pub mod member;

/// Largest message in either direction.
pub const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// What a caller is told about an error.
struct Refusal {
    code: Code,
    reason: &'static str,
    retry_after: Option<Duration>,
}

impl Refusal {
    const fn new(code: Code, reason: &'static str) -> Self {
        Self {
            code,
            reason,
            retry_after: None,
        }
    }

    /// For errors of ours or of a dependency, whose words are not for the caller.
    fn of_store(error: &crate::store::StoreError) -> Self {
        match error.code() {
            Code::Unavailable => Self::new(Code::Unavailable, "DATABASE_UNAVAILABLE"),
            code => Self::new(code, "INTERNAL"),
        }
    }
}

/// The status of a refused call.
fn status(error: &dyn Error, refusal: &Refusal) -> Status {
    let message = match refusal.code {
        Code::Internal | Code::Unavailable if refusal.retry_after.is_none() => {
            log(error, refusal);
            match refusal.code {
                Code::Internal => "internal error".to_owned(),
                _ => "a dependency is not available, try again".to_owned(),
            }
        }
        _ => error.to_string(),
    };
    let mut details = ErrorDetails::with_error_info(refusal.reason, "quolum", []);
    if refusal.retry_after.is_some() {
        details.set_retry_info(refusal.retry_after);
    }
    Status::with_error_details(refusal.code.grpc(), message, details)
}

fn log(error: &dyn Error, refusal: &Refusal) {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    tracing::error!(%error, ?causes, reason = refusal.reason, "a call failed");
}

/// Reads an id; `INVALID_ARGUMENT` names what it should have been.
fn id<T: FromStr<Err = InvalidId>>(text: &str) -> Result<T, Status> {
    text.parse()
        .map_err(|error| status(&error, &Refusal::new(Code::Invalid, "INVALID_ID")))
}

/// Reads who acts: a person's id, or an API key's.
fn actor(text: &str) -> Result<Uuid, Status> {
    id::<PersonId>(text).map(|id| id.0)
}

fn role(role: Role) -> proto::auth::v1::Role {
    match role {
        Role::Owner => proto::auth::v1::Role::Owner,
        Role::Admin => proto::auth::v1::Role::Admin,
        Role::Analyst => proto::auth::v1::Role::Analyst,
        Role::Viewer => proto::auth::v1::Role::Viewer,
    }
}

/// Reads a role.
fn role_named(role: proto::auth::v1::Role) -> Result<Role, Status> {
    match role {
        proto::auth::v1::Role::Owner => Ok(Role::Owner),
        proto::auth::v1::Role::Admin => Ok(Role::Admin),
        proto::auth::v1::Role::Analyst => Ok(Role::Analyst),
        proto::auth::v1::Role::Viewer => Ok(Role::Viewer),
        proto::auth::v1::Role::Unspecified => {
            Err(Code::Invalid.status("INVALID_ROLE", "the role is not set"))
        }
    }
}

impl From<&ConnectionError> for Refusal {
    fn from(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::NotFound => Self::new(Code::NotFound, "NO_CONNECTION"),
            ConnectionError::Forbidden => Self::new(Code::Forbidden, "ROLE"),
            ConnectionError::Store(error) => Self::of_store(error),
        }
    }
}

fn kind(kind: AccessKind) -> proto::auth::v1::AccessKind {
    match kind {
        AccessKind::Classic => proto::auth::v1::AccessKind::Classic,
        AccessKind::Scoped => proto::auth::v1::AccessKind::Scoped,
        AccessKind::App => proto::auth::v1::AccessKind::App,
        AccessKind::ApiKey => proto::auth::v1::AccessKind::ApiKey,
    }
}

fn state(state: ConnectionState) -> proto::auth::v1::ConnectionState {
    match state {
        ConnectionState::Connected => proto::auth::v1::ConnectionState::Connected,
        ConnectionState::Reconnect => proto::auth::v1::ConnectionState::Reconnect,
        ConnectionState::Disconnected => proto::auth::v1::ConnectionState::Disconnected,
    }
}

fn region(region: Region) -> proto::auth::v1::Region {
    match region {
        Region::Us => proto::auth::v1::Region::Us,
        Region::Eu => proto::auth::v1::Region::Eu,
    }
}

fn render(connection: domain::Connection, now: Timestamp) -> proto::auth::v1::Connection {
    let warnings = connection
        .warnings(now)
        .into_iter()
        .map(|warning| AccessWarning {
            kind: warning.kind.name().to_owned(),
            detail: warning.detail,
            ends_at: warning.ends_at.map(to_proto),
        });
    proto::auth::v1::Connection {
        warnings: warnings.collect(),
        access_kind: kind(connection.access_kind).into(),
        erase_at: connection.erase_at.map(to_proto),
        id: connection.id.to_string(),
        org_id: connection.org.to_string(),
        state: state(connection.state).into(),
        account_id: connection.account.id,
        subdomain: connection.account.subdomain,
        region: region(connection.account.region).into(),
        pagerduty_user_id: connection.account.user_id,
        consented_by: connection
            .consented_by
            .map(|person| person.to_string())
            .unwrap_or_default(),
        consented_by_name: connection.consented_by_name,
        consented_at: Some(to_proto(connection.consented_at)),
        scopes_granted: connection.scopes_granted,
        scopes_missing: connection.scopes_missing,
        reason: connection.reason,
        access_ends_at: connection.access_ends_at.map(to_proto),
    }
}
