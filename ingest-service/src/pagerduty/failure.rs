//! How a request to PagerDuty can fail, sorted by what has to be done about it.

use std::time::Duration;

use super::Malformed;

/// A request failed for good: everything that can be repeated has been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Access has ended (401 twice, or auth-service says so).
    #[error("access to PagerDuty has ended")]
    Reconnect,
    /// auth-service does not know the connection any more.
    #[error("the connection is gone")]
    Gone,
    /// No token can be had now.
    #[error("no access token can be had now")]
    NoToken,
    /// 402: the account's plan lacks it.
    #[error("not in the account's plan")]
    NotInPlan,
    /// 403: scope or role.
    #[error("{0}")]
    Forbidden(String),
    /// 404.
    #[error("PagerDuty does not know it (404)")]
    NotFound,
    /// 400 with code 2002 and its older wordings: offset pagination ends here.
    #[error("offset pagination ends here")]
    TooDeep,
    /// Another answer that is no use repeating.
    #[error("PagerDuty refused the request (status {status}, code {code})")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Code in the error body, 0 when there is none.
        code: i64,
    },
    /// Repeated as often as allowed; the last reason.
    #[error("{0}")]
    Exhausted(String),
    /// The process stops, or the lease was lost.
    #[error("stopped")]
    Stopped,
}

/// One attempt failed.
#[derive(Debug)]
pub enum Attempt {
    /// 401.
    Unauthorized,
    /// 429, to be repeated after this long.
    RateLimited(Duration),
    /// To be repeated; public words.
    Transient(String),
    /// Not to be repeated.
    Final(Failure),
}

impl From<Malformed> for Attempt {
    fn from(malformed: Malformed) -> Self {
        Self::Transient(malformed.to_string())
    }
}
