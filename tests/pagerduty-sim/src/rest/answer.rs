//! What goes back: JSON bodies and refusals in PagerDuty's words.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Value, json};

use crate::ledger::PageRows;

/// Every handler's result.
pub(crate) type Answer = Result<Response, Refusal>;

/// A body with one object.
pub(crate) fn object(body: Value) -> Response {
    Json(body).into_response()
}

/// A body that lists `rows` records.
pub(crate) fn listing(body: Value, rows: usize) -> Response {
    let mut response = Json(body).into_response();
    response.extensions_mut().insert(PageRows(rows as u64));
    response
}

/// An error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: u32,
    message: &'static str,
    errors: Vec<String>,
}

impl Refusal {
    fn new(status: StatusCode, code: u32, message: &'static str) -> Self {
        Self {
            status,
            code,
            message,
            errors: Vec::new(),
        }
    }

    fn because(mut self, why: &str) -> Self {
        self.errors.push(why.to_owned());
        self
    }

    /// 400, code 2001.
    pub(crate) fn invalid(why: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 2001, "Invalid Input Provided").because(why)
    }

    /// 400, code 2005: a date range that PagerDuty does not serve.
    pub(crate) fn date(why: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, 2005, "Invalid Date Range").because(why)
    }

    /// 400, code 2002: beyond what offsets reach.
    pub(crate) fn too_deep() -> Self {
        let why = "Offset+limit exceeds maximum allowed value of 10000. Please try to refine your search to reduce \
                   the returned set of records below this number, like adding a date range.";
        Self::new(StatusCode::BAD_REQUEST, 2002, "Arguments Caused Error").because(why)
    }

    /// 402, code 2014.
    pub(crate) fn not_in_plan(ability: &str) -> Self {
        Self::new(
            StatusCode::PAYMENT_REQUIRED,
            2014,
            "Account does not have the required ability",
        )
        .because(&format!("Your account lacks the ability: {ability}"))
    }

    /// 403, code 2010.
    pub(crate) fn forbidden(why: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, 2010, "Access Denied").because(why)
    }

    /// 404, code 2100.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, 2100, "Not Found")
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut error = json!({"message": self.message, "code": self.code});
        if !self.errors.is_empty() {
            error["errors"] = json!(self.errors);
        }
        (self.status, Json(json!({"error": error}))).into_response()
    }
}
