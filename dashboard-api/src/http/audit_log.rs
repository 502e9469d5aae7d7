//! What was done in the organization, by whom; kept and chained by auth-service.

use axum::{Json, response::Response};
use jiff::Timestamp;
use proto::{
    auth::v1::{AuditEntry as AuthEntry, ListAuditRequest, VerifyAuditRequest},
    time::from_proto,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::Ask,
    problem::{Problem, ProblemBody},
    shapes::FormatParams,
};

const AUDIT: &str = "The audit log";

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditEntry {
    /// Position in the organization's log, from 1.
    number: i64,
    at: Option<Timestamp>,
    /// `person:…`, `api_key:…`, `service:…` or `invitation:…`.
    actor: String,
    actor_name: String,
    action: String,
    subject: String,
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<AuthEntry> for AuditEntry {
    fn from(entry: AuthEntry) -> Self {
        Self {
            number: entry.number,
            at: entry.at.as_ref().and_then(from_proto),
            actor: entry.actor,
            actor_name: entry.actor_name,
            action: entry.action,
            subject: entry.subject,
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditPage {
    data: Vec<AuditEntry>,
    /// `before` of the next page; null on the last.
    next_before: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AuditVerification {
    entries: i64,
    /// The first entry that does not fit; null while the log is whole.
    broken_at: Option<i64>,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct AuditParams {
    /// Only entries with a smaller number.
    #[param(minimum = 1)]
    before: Option<i64>,
    /// Entries in the answer.
    #[param(minimum = 1, maximum = 500, default = 50)]
    limit: Option<u32>,
}

const COLUMNS: &[&str] = &[
    "number",
    "at",
    "actor",
    "actor_name",
    "action",
    "subject",
    "detail",
];

/// The newest entries first.
#[utoipa::path(
    get, path = "/api/v1/audit-log", operation_id = "audit_log", tag = "settings",
    params(AuditParams, FormatParams),
    responses(
        (status = 200, body = AuditPage),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let limit = ask.asked.limit()?;
    let before = match ask.asked.text("before") {
        None => 0,
        Some(text) => text
            .parse()
            .ok()
            .filter(|before| *before > 0)
            .ok_or_else(|| {
                Problem::invalid_parameter("before", "This is no number of an entry.")
            })?,
    };
    let message = ListAuditRequest {
        org_id: ask.caller.org.to_string(),
        before,
        limit: u32::try_from(limit).unwrap_or(50),
    };
    let answer = ask.app.auth.list_audit(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, AUDIT))?;
    let full = answer.entries.len() as i64 == limit;
    let oldest = answer.entries.last().map(|entry| entry.number);
    let page = AuditPage {
        data: answer.entries.into_iter().map(AuditEntry::from).collect(),
        next_before: oldest.filter(|number| full && *number > 1),
    };
    ask.body(&page, COLUMNS)
}

/// Recomputes the log's chain.
#[utoipa::path(
    get, path = "/api/v1/audit-log/verification", operation_id = "audit_verification", tag = "settings",
    responses(
        (status = 200, body = AuditVerification),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn verify(ask: Ask) -> Result<Json<AuditVerification>, Problem> {
    let message = VerifyAuditRequest {
        org_id: ask.caller.org.to_string(),
    };
    let answer = ask.app.auth.verify_audit(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, AUDIT))?;
    Ok(Json(AuditVerification {
        entries: answer.entries,
        broken_at: (answer.broken_at > 0).then_some(answer.broken_at),
    }))
}
