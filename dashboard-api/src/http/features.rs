//! The feature catalogue with how many seats use each.

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
    shapes::{FeatureShape, features},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeatureList {
    generation: i64,
    as_of: Timestamp,
    window_days: i64,
    data: Vec<FeatureShape>,
}

/// Every feature, the ones that are not collected yet included.
#[utoipa::path(
    get, path = "/api/v1/features", operation_id = "features",
    params(("window" = Option<u32>, Query, description = "30, 60, 90 (default) or 180 days")),
    responses(
        (status = 200, body = FeatureList),
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
    let totals = app
        .store
        .feature_totals(caller.org, generation.number, window)
        .await?;
    Ok(current.json(FeatureList {
        generation: generation.number,
        as_of: generation.as_of,
        window_days: window.days(),
        data: features(&totals),
    }))
}
