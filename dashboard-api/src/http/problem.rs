//! Errors as RFC 9457 problems. The client sees a slug, public words and the request id; the cause
//! goes to the log once, when the problem is made.

use std::error::Error;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use chassis::Code;
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::StoreError;

/// A failed request.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    /// The limit in requests a minute, and the seconds to wait.
    retry_after: Option<(u32, u64)>,
}

/// What the client receives.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// Names the kind of problem, for example `no-generation`.
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: String,
    /// Also in the header `x-request-id`.
    request_id: String,
    errors: Vec<FieldError>,
}

/// What is wrong with one part of the request.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct FieldError {
    /// JSON pointer into the body, or the name of a query parameter behind `#/query/`.
    pointer: String,
    detail: String,
}

impl Problem {
    pub(super) fn is_not_signed_in(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED
    }

    pub(super) fn new(code: Code, slug: &'static str, title: &'static str, detail: &str) -> Self {
        Self {
            status: code.http(),
            slug,
            title,
            detail: detail.to_owned(),
            errors: Vec::new(),
            retry_after: None,
        }
    }

    pub(super) fn invalid_parameter(name: &str, detail: &str) -> Self {
        let detail_of_all = "The request has a parameter that cannot be answered.";
        Self {
            errors: vec![FieldError {
                pointer: format!("#/query/{name}"),
                detail: detail.to_owned(),
            }],
            ..Self::new(
                Code::Invalid,
                "invalid-parameter",
                "Invalid parameter",
                detail_of_all,
            )
        }
    }

    pub(super) fn invalid_body(pointer: &str, detail: &str) -> Self {
        Self {
            errors: vec![FieldError {
                pointer: pointer.to_owned(),
                detail: detail.to_owned(),
            }],
            ..Self::new(
                Code::Invalid,
                "invalid-body",
                "Invalid body",
                "The body cannot be used.",
            )
        }
    }

    pub(super) fn not_signed_in() -> Self {
        Self::new(
            Code::Unauthenticated,
            "not-signed-in",
            "Not signed in",
            "Open a sign-in link to start a session.",
        )
    }

    pub(super) fn forbidden(detail: &str) -> Self {
        Self::new(Code::Forbidden, "forbidden", "Not allowed", detail)
    }

    pub(super) fn not_found(detail: &str) -> Self {
        Self::new(Code::NotFound, "not-found", "Not found", detail)
    }

    pub(super) fn no_generation() -> Self {
        Self::new(
            Code::NotFound,
            "no-generation",
            "No figures yet",
            "The first synchronization has not been evaluated yet.",
        )
    }

    pub(super) fn no_history() -> Self {
        Self::new(
            Code::NotFound,
            "no-history",
            "No figures of that day",
            "Nothing had been evaluated at the end of that day.",
        )
    }

    pub(super) fn too_large() -> Self {
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Self::new(
                Code::Invalid,
                "too-large",
                "Too large",
                "The body is larger than 64 KiB.",
            )
        }
    }

    /// In team-only mode nothing leads to a single person.
    pub(super) fn people_are_private() -> Self {
        Self::new(
            Code::Forbidden,
            "team-only",
            "Only teams are shown",
            "This organization has chosen that no single person is shown.",
        )
    }

    pub(super) fn invalid_header(name: &str, detail: &str) -> Self {
        Self {
            errors: vec![FieldError {
                pointer: format!("#/header/{name}"),
                detail: detail.to_owned(),
            }],
            ..Self::new(
                Code::Invalid,
                "invalid-header",
                "Invalid header",
                "The request has a header that cannot be used.",
            )
        }
    }

    pub(super) fn unprocessable(slug: &'static str, title: &'static str, detail: &str) -> Self {
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            ..Self::new(Code::Invalid, slug, title, detail)
        }
    }

    pub(super) fn rate_limited(per_minute: u32, seconds: u64) -> Self {
        Self {
            retry_after: Some((per_minute, seconds)),
            ..Self::new(
                Code::RateLimited,
                "rate-limited",
                "Too many requests",
                &format!("There are {per_minute} requests in a minute; wait {seconds} s."),
            )
        }
    }

    /// A session and a key together: which of them counts would be a guess.
    pub(super) fn two_proofs() -> Self {
        Self::new(
            Code::Invalid,
            "two-proofs",
            "Session and API key",
            "Send either the session's cookie or an API key, not both.",
        )
    }

    pub(super) fn unavailable(detail: &str) -> Self {
        Self::new(
            Code::Unavailable,
            "unavailable",
            "Not available right now",
            detail,
        )
    }

    pub(super) fn too_many(detail: &str) -> Self {
        Self::new(Code::RateLimited, "too-many", "Too many requests", detail)
    }

    pub(super) fn conflict(slug: &'static str, title: &'static str, detail: &str) -> Self {
        Self::new(Code::Conflict, slug, title, detail)
    }

    #[cfg(test)]
    pub(super) fn pointers(&self) -> Vec<&str> {
        self.errors.iter().map(|one| one.pointer.as_str()).collect()
    }

    pub(super) fn method_not_allowed() -> Self {
        Self {
            status: StatusCode::METHOD_NOT_ALLOWED,
            ..Self::new(
                Code::Invalid,
                "method-not-allowed",
                "Method not allowed",
                "This address does not answer this method.",
            )
        }
    }

    pub(super) fn internal(cause: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = cause, "request failed");
        Self::new(
            Code::Internal,
            "internal",
            "Something went wrong",
            "The mistake is on our side and has been recorded.",
        )
    }

    /// The failure of a peer's call. `what` names the peer in public words.
    pub(super) fn of_peer(status: &tonic::Status, what: &str) -> Self {
        let code = Code::from_grpc(status.code());
        match code {
            Code::Unavailable | Code::Internal | Code::RateLimited => {
                tracing::warn!(code = ?status.code(), message = status.message(), peer = what, "peer failed");
                Self::new(
                    Code::Unavailable,
                    "unavailable",
                    "Not available right now",
                    &format!("{what} does not answer; try again in a moment."),
                )
            }
            Code::Unauthenticated => Self::not_signed_in(),
            Code::NotFound => Self::not_found("There is no such thing in this organization."),
            _ => Self::new(code, "refused", "Refused", status.message()),
        }
    }

    /// The body with the request's id, once it is known.
    pub(super) fn render(&self, request_id: &str) -> Response {
        let body = ProblemBody {
            r#type: self.slug,
            title: self.title,
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            request_id: request_id.to_owned(),
            errors: self.errors.clone(),
        };
        let mut response = (self.status, Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        let store = HeaderValue::from_static("no-store");
        response.headers_mut().insert(header::CACHE_CONTROL, store);
        if let Some((per_minute, seconds)) = self.retry_after {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            super::limits::tell(headers, per_minute, 0, seconds);
        }
        response
    }
}

impl IntoResponse for Problem {
    /// The middleware in [`super::headers`] renders it, since it knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Database(cause) if crate::consumer::is_trouble(cause) => {
                tracing::warn!(error = cause as &dyn Error, "the database is not available");
                Self::new(
                    Code::Unavailable,
                    "unavailable",
                    "Not available right now",
                    "The database does not answer; try again in a moment.",
                )
            }
            _ => Self::internal(&error),
        }
    }
}
