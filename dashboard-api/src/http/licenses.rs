//! Licenses: bought, assigned, and how their seats are used.

use axum::{extract::State, response::Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Shared,
    access::Caller,
    answer::Current,
    asked::Asked,
    problem::{Problem, ProblemBody},
    shapes::ByClass,
};
use crate::store::read::LicenseRow;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LicenseList {
    generation: i64,
    as_of: Timestamp,
    window_days: i64,
    data: Vec<License>,
}

#[derive(Debug, Serialize, ToSchema)]
struct License {
    id: String,
    name: String,
    description: String,
    /// `FullUser` or `Stakeholder`.
    role_group: String,
    valid_roles: Vec<String>,
    /// Null when unlimited.
    purchased: Option<i64>,
    assigned: i64,
    /// Null when unlimited.
    free: Option<i64>,
    by_class: ByClass,
    utilization_percent: Option<f64>,
}

impl From<LicenseRow> for License {
    fn from(row: LicenseRow) -> Self {
        Self {
            purchased: row
                .allocations_available
                .map(|free| row.current_value + free),
            free: row.allocations_available,
            assigned: row.by_class.total(),
            utilization_percent: row.by_class.utilization_percent(),
            by_class: row.by_class.into(),
            id: row.id,
            name: row.name,
            description: row.description,
            role_group: row.role_group,
            valid_roles: row.valid_roles,
        }
    }
}

/// Every license of the account.
#[utoipa::path(
    get, path = "/api/v1/licenses", operation_id = "licenses",
    params(("window" = Option<u32>, Query, description = "30, 60, 90 (default) or 180 days")),
    responses(
        (status = 200, body = LicenseList),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&["window"])?;
    let window = asked.window()?;
    let current = Current::find(&app, &caller, &asked, None).await?;
    if let Some(unchanged) = current.not_modified() {
        return Ok(unchanged);
    }
    let generation = &current.generation;
    let rows = app
        .store
        .license_rows(caller.org, generation.number, window)
        .await?;
    Ok(current.json(LicenseList {
        generation: generation.number,
        as_of: generation.as_of,
        window_days: window.days(),
        data: rows.into_iter().map(License::from).collect(),
    }))
}
