//! The gRPC services: parse, call the domain, render. What a caller sees of an error is its code, a
//! machine-readable reason and public words; the cause goes to the log here, once.

use std::{error::Error, str::FromStr, time::Duration};

use chassis::Code;
use proto::{ids::InvalidId, time::to_proto};
use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt};

use crate::connection::{self as domain, ConnectionError, ConnectionState, Region};

pub mod connection;
pub mod consent;
pub mod credential;
pub mod identity;

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

impl From<&ConnectionError> for Refusal {
    fn from(error: &ConnectionError) -> Self {
        match error {
            ConnectionError::NotFound => Self::new(Code::NotFound, "NO_CONNECTION"),
            ConnectionError::Forbidden => Self::new(Code::Forbidden, "ROLE"),
            ConnectionError::Store(error) => Self::of_store(error),
        }
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

fn render(connection: domain::Connection) -> proto::auth::v1::Connection {
    proto::auth::v1::Connection {
        id: connection.id.to_string(),
        org_id: connection.org.to_string(),
        state: state(connection.state).into(),
        account_id: connection.account.id,
        subdomain: connection.account.subdomain,
        region: region(connection.account.region).into(),
        pagerduty_user_id: connection.account.user_id,
        consented_by: connection.consented_by.to_string(),
        consented_at: Some(to_proto(connection.consented_at)),
        scopes_granted: connection.scopes_granted,
        scopes_missing: connection.scopes_missing,
        reason: connection.reason,
        access_ends_at: connection.access_ends_at.map(to_proto),
        ..proto::auth::v1::Connection::default()
    }
}
