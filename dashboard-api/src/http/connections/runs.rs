//! The synchronizations of a connection, the newest first.

use axum::{extract::Path, response::Response};
use jiff::Timestamp;
use proto::{ingest::v1::ListRunsRequest, time::to_proto};
use utoipa::IntoParams;

use super::{INGEST, actions::named};
use crate::http::{
    answer::Ask,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, Rows},
    sync::Sync,
};

/// Runs on one page of ingest-service.
const LARGEST: i64 = 100;

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(in crate::http) struct RunParams {
    /// Runs in the answer.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Only runs that started earlier.
    before: Option<Timestamp>,
}

const COLUMNS: &[&str] = &[
    "run_id",
    "state",
    "as_of",
    "started_at",
    "finished_at",
    "reason",
    "requests",
    "rate_limited",
    "stored",
];

/// What was synchronized when.
#[utoipa::path(
    get, path = "/api/v1/connections/{id}/runs", operation_id = "runs", tag = "connections",
    params(("id" = uuid::Uuid, Path, description = "Connection"), RunParams, FormatParams),
    responses(
        (status = 200, body = Rows<Sync>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn runs(ask: Ask, Path(id): Path<String>) -> Result<Response, Problem> {
    let limit = ask.asked.limit()?;
    if limit > LARGEST {
        return Err(Problem::invalid_parameter(
            "limit",
            "The limit is 1 to 100.",
        ));
    }
    let before: Option<Timestamp> = ask
        .asked
        .text("before")
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::invalid_parameter("before", "This is no RFC 3339 instant."))?;
    let (_, org_id, connection_id) = named(&ask, &id).await?;
    let answer = ask
        .app
        .ingest
        .list_runs(ListRunsRequest {
            org_id,
            connection_id,
            limit: u32::try_from(limit).unwrap_or(50),
            before: before.map(to_proto),
        })
        .await
        .map_err(|status| Problem::of_peer(&status, INGEST))?;
    let mut data = Vec::with_capacity(answer.runs.len());
    for run in &answer.runs {
        data.push(Sync::of(&ask.app, ask.caller.org, run).await?);
    }
    ask.rows(data, COLUMNS)
}
