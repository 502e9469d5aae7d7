//! The evidence of a recommendation as one document that can be kept and checked elsewhere.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::header;
use serde_json::json;

use super::{RecommendationId, one, render};
use crate::evidence_bundle;
use crate::http::{
    answer::Ask,
    asked::Format,
    export,
    problem::{Problem, ProblemBody},
    shapes::FormatParams,
};

const COLUMNS: &[&str] = &[
    "feature",
    "dataset",
    "kind",
    "id",
    "at",
    "covered_from",
    "covered_to",
];

/// The records behind a recommendation with a hash over each and over all; as CSV the records only.
#[utoipa::path(
    get, path = "/api/v1/recommendations/{id}/bundle", operation_id = "evidence_bundle", tag = "recommendations",
    params(RecommendationId, FormatParams),
    responses(
        (status = 200, body = Object, description = "JSON with hashes"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn bundle(ask: Ask, Path(id): Path<String>) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    let row = one(&opened, &id).await?;
    let records = row.evidence.as_array().cloned().unwrap_or_default();
    if opened.format != Format::Json {
        let body = json!({"data": records});
        let bytes = export::rows_of(&body, COLUMNS, opened.format)?;
        return Ok((
            export::headers(opened.format, &opened.ask.asked.path),
            bytes,
        )
            .into_response());
    }
    let subject = render(row, &opened.sites().await, &opened.veil());
    let subject = serde_json::to_value(subject).map_err(|error| Problem::internal(&error))?;
    let mut head = serde_json::Map::new();
    head.insert("generation".to_owned(), json!(opened.generation.number));
    head.insert("as_of".to_owned(), json!(opened.generation.as_of));
    head.insert("recommendation".to_owned(), subject);
    head.insert(
        "datasets".to_owned(),
        json!(opened.generation.coverage_rows()),
    );
    let document = evidence_bundle::seal(head, records);
    let name = format!("attachment; filename=\"evidence-{id}.json\"");
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, name),
    ];
    Ok((headers, document.to_string()).into_response())
}
