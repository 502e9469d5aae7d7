//! One value for what went wrong, with its HTTP and its gRPC status, so that an error means the
//! same on both.

use tonic_types::{ErrorDetails, StatusExt};

/// What kind of failure a caller sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The request is malformed or out of range; repeating it is pointless.
    Invalid,
    /// Nobody is signed in, or the credential is not valid.
    Unauthenticated,
    /// Known, but not allowed.
    Forbidden,
    /// No such thing, or not visible to this tenant.
    NotFound,
    /// Something else is in the way: one already exists or runs.
    Conflict,
    /// The state does not allow it; only a person can change that.
    Precondition,
    /// Asked too often.
    RateLimited,
    /// A dependency is ill; the same request may work later.
    Unavailable,
    /// Our own mistake.
    Internal,
}

impl Code {
    /// The HTTP status.
    pub fn http(self) -> http::StatusCode {
        match self {
            Self::Invalid => http::StatusCode::BAD_REQUEST,
            Self::Unauthenticated => http::StatusCode::UNAUTHORIZED,
            Self::Forbidden => http::StatusCode::FORBIDDEN,
            Self::NotFound => http::StatusCode::NOT_FOUND,
            Self::Conflict | Self::Precondition => http::StatusCode::CONFLICT,
            Self::RateLimited => http::StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => http::StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The gRPC status.
    pub fn grpc(self) -> tonic::Code {
        match self {
            Self::Invalid => tonic::Code::InvalidArgument,
            Self::Unauthenticated => tonic::Code::Unauthenticated,
            Self::Forbidden => tonic::Code::PermissionDenied,
            Self::NotFound => tonic::Code::NotFound,
            Self::Conflict => tonic::Code::AlreadyExists,
            Self::Precondition => tonic::Code::FailedPrecondition,
            Self::RateLimited => tonic::Code::ResourceExhausted,
            Self::Unavailable => tonic::Code::Unavailable,
            Self::Internal => tonic::Code::Internal,
        }
    }

    /// The kind that a gRPC answer of another service stands for.
    pub fn from_grpc(code: tonic::Code) -> Self {
        match code {
            tonic::Code::InvalidArgument | tonic::Code::OutOfRange => Self::Invalid,
            tonic::Code::Unauthenticated => Self::Unauthenticated,
            tonic::Code::PermissionDenied => Self::Forbidden,
            tonic::Code::NotFound => Self::NotFound,
            tonic::Code::AlreadyExists | tonic::Code::Aborted => Self::Conflict,
            tonic::Code::FailedPrecondition => Self::Precondition,
            tonic::Code::ResourceExhausted => Self::RateLimited,
            tonic::Code::Unavailable | tonic::Code::DeadlineExceeded | tonic::Code::Cancelled => {
                Self::Unavailable
            }
            _ => Self::Internal,
        }
    }

    /// A gRPC status whose `ErrorInfo` carries the machine-readable `reason`, for example
    /// `RECONNECT`, under the domain `quolum`.
    pub fn status(self, reason: &str, message: &str) -> tonic::Status {
        let details = ErrorDetails::with_error_info(reason, "quolum", []);
        tonic::Status::with_error_details(self.grpc(), message, details)
    }
}

/// The `reason` of a status made by [`Code::status`].
pub fn reason(status: &tonic::Status) -> Option<String> {
    status.get_details_error_info().map(|info| info.reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_keeps_its_reason_over_the_wire() {
        let status = Code::Precondition.status("RECONNECT", "access has ended");
        assert_eq!(status.code(), tonic::Code::FailedPrecondition);
        assert_eq!(reason(&status).as_deref(), Some("RECONNECT"));
        assert_eq!(Code::from_grpc(status.code()), Code::Precondition);
    }
}
