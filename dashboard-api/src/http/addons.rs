//! Add-ons of the account: bought or not, used or not.

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::Ask,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, List, WindowParams},
    words::{VerdictName, Word},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Addon {
    id: String,
    name: String,
    /// The ability is on; null when that is not known.
    bought: Option<bool>,
    /// Things of this kind that exist.
    objects: Option<i64>,
    used_in_window: VerdictName,
    last_at: Option<Timestamp>,
    /// Why it is not known.
    reason: Option<String>,
}

const COLUMNS: &[&str] = &[
    "id",
    "name",
    "bought",
    "objects",
    "used_in_window",
    "last_at",
    "reason",
];

/// Add-ons, bought and not.
#[utoipa::path(
    get, path = "/api/v1/addons", operation_id = "addons", tag = "figures",
    params(WindowParams, FormatParams),
    responses(
        (status = 200, body = List<Addon>),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let rows = opened
        .app()
        .store
        .addon_totals(opened.org(), opened.generation.number, opened.window)
        .await?;
    let addons = rows.into_iter().map(|row| Addon {
        name: name_of(&row.id),
        bought: row.bought,
        objects: row.objects,
        used_in_window: VerdictName::from_name(&row.verdict).unwrap_or(VerdictName::Unknown),
        last_at: row.last_at.map(jiff_sqlx::Timestamp::to_jiff),
        reason: row.reason,
        id: row.id,
    });
    let body = opened.list(addons.collect());
    opened.finish_list(&body, COLUMNS)
}

/// What people call it.
pub(super) fn name_of(id: &str) -> String {
    let name = match id {
        "status_pages" => "Status pages",
        "aiops" => "AIOps",
        "advance" => "PagerDuty Advance",
        "business_services" => "Business services",
        "workflows" => "Incident workflows",
        "automation" => "Automation actions",
        "orchestration" => "Event orchestration",
        "custom_priorities" => "Custom priorities",
        _ => id,
    };
    name.to_owned()
}
