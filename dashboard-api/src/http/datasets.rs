//! Where figures come from: datasets, receipts, and messages that could not be stored.

use axum::{Json, response::Response};
use jiff::Timestamp;
use proto::{ingest::v1::Run, time::from_proto};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    answer::{Ask, stale_cursor},
    asked::Format,
    body::Body,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, PageParams},
    words::DatasetStateName,
};
use crate::store::receipts::ReceiptRow;

/// The newest generation, when there is one, and rows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SourceList<T> {
    generation: Option<i64>,
    as_of: Option<Timestamp>,
    data: Vec<T>,
    next_cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DatasetRow {
    connection_id: Uuid,
    dataset: String,
    state: DatasetStateName,
    reason: String,
    covered_from: Option<Timestamp>,
    covered_to: Option<Timestamp>,
    /// Received in the newest run.
    records: i64,
    stored: i64,
    /// Null where PagerDuty does not say.
    expected: Option<i64>,
    requests: i64,
    /// 429 answers met.
    rate_limited: i64,
    last_run_at: Option<Timestamp>,
    next_run_at: Option<Timestamp>,
}

const COLUMNS: &[&str] = &[
    "connection_id",
    "dataset",
    "state",
    "reason",
    "covered_from",
    "covered_to",
    "records",
    "stored",
    "expected",
    "requests",
    "rate_limited",
    "last_run_at",
    "next_run_at",
];

/// Every dataset of every connection.
#[utoipa::path(
    get, path = "/api/v1/datasets", operation_id = "datasets", tag = "sources",
    params(FormatParams),
    responses(
        (status = 200, body = SourceList<DatasetRow>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let (app, org) = (&ask.app, ask.caller.org);
    let head = app.heads.of(app, org).await?;
    let own = app.auth.connections(org).await;
    let own = own.map_err(|status| Problem::of_peer(&status, super::connections::AUTH))?;
    let mut data = Vec::new();
    for connection in own {
        let Ok(id) = connection.id.parse::<proto::ConnectionId>() else {
            continue;
        };
        let run = app.ingest.newest(org, id).await;
        let run = run.map_err(|status| Problem::of_peer(&status, super::connections::INGEST))?;
        if let Some(run) = run {
            data.extend(rows(&ask, id.0, &run).await?);
        }
    }
    let body = SourceList {
        generation: head.generation.as_ref().map(|one| one.number),
        as_of: head.generation.as_ref().map(|one| one.as_of),
        data,
        next_cursor: None,
    };
    ask.body(&body, COLUMNS)
}

async fn rows(ask: &Ask, connection: Uuid, run: &Run) -> Result<Vec<DatasetRow>, Problem> {
    let counts = match run.id.parse() {
        Ok(id) => ask.app.store.stored_counts(ask.caller.org, id).await?,
        Err(_) => crate::store::ledger::StoredCounts::new(),
    };
    let at = |at: Option<prost_types::Timestamp>| at.as_ref().and_then(from_proto);
    let rows = run.datasets.iter().filter_map(|progress| {
        let state = progress.dataset.as_ref()?;
        let name = state.dataset().name();
        Some(DatasetRow {
            connection_id: connection,
            dataset: name.to_owned(),
            state: state.completeness().into(),
            reason: state.reason.clone(),
            covered_from: at(state.covered_from),
            covered_to: at(state.covered_to),
            records: progress.records_received,
            stored: counts.get(name).copied().unwrap_or_default(),
            expected: (progress.records_expected > 0).then_some(progress.records_expected),
            requests: progress.requests,
            rate_limited: progress.rate_limited,
            last_run_at: at(run.finished_at).or(at(run.started_at)),
            next_run_at: at(run.next_run_at),
        })
    });
    Ok(rows.collect())
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Receipt {
    connection_id: Uuid,
    run_id: Uuid,
    dataset: String,
    /// Null for a snapshot.
    window_from: Option<Timestamp>,
    window_to: Option<Timestamp>,
    pages: i32,
    expected: Option<i64>,
    received: i64,
    stored: i64,
    observed_at: Timestamp,
}

impl From<ReceiptRow> for Receipt {
    fn from(row: ReceiptRow) -> Self {
        Self {
            connection_id: row.connection_id,
            run_id: row.run_id,
            dataset: row.dataset,
            window_from: row.window_from.map(jiff_sqlx::Timestamp::to_jiff),
            window_to: row.window_to.map(jiff_sqlx::Timestamp::to_jiff),
            pages: row.pages,
            expected: row.expected,
            received: row.received,
            stored: row.stored,
            observed_at: row.observed_at.to_jiff(),
        }
    }
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct ReceiptParams {
    /// Only this dataset.
    dataset: Option<String>,
}

const RECEIPT_COLUMNS: &[&str] = &[
    "connection_id",
    "run_id",
    "dataset",
    "window_from",
    "window_to",
    "pages",
    "expected",
    "received",
    "stored",
    "observed_at",
];

/// What was expected, received and stored of each window, the newest first.
#[utoipa::path(
    get, path = "/api/v1/receipts", operation_id = "receipts", tag = "sources",
    params(ReceiptParams, PageParams, FormatParams),
    responses(
        (status = 200, body = SourceList<Receipt>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn receipts(ask: Ask) -> Result<Response, Problem> {
    let dataset = ask.asked.text("dataset").map(str::to_owned);
    if let Some(name) = &dataset
        && proto::facts::v1::Dataset::from_name(name).is_none()
    {
        return Err(Problem::invalid_parameter(
            "dataset",
            "There is no such dataset.",
        ));
    }
    let (app, org) = (&ask.app, ask.caller.org);
    let binding = format!("receipts {dataset:?}");
    let skip = match ask.asked.text("cursor") {
        None => 0,
        Some(text) => {
            let cursor = app.cursors.open(org, &binding, text);
            cursor.ok_or_else(stale_cursor)?.after.number
        }
    };
    let whole = ask.asked.format()? != Format::Json;
    let limit = if whole {
        i64::from(i32::MAX)
    } else {
        ask.asked.limit()?
    };
    let head = app.heads.of(app, org).await?;
    let mut rows = app
        .store
        .receipts(org, dataset.as_deref(), skip, limit + 1)
        .await?;
    let more = rows.len() as i64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    let next_cursor = more
        .then(|| app.cursors.seal_number(org, &binding, 0, skip + limit))
        .flatten();
    let body = SourceList {
        generation: head.generation.as_ref().map(|one| one.number),
        as_of: head.generation.as_ref().map(|one| one.as_of),
        data: rows.into_iter().map(Receipt::from).collect(),
        next_cursor,
    };
    ask.body(&body, RECEIPT_COLUMNS)
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ParkedMessage {
    /// Hash of the message.
    id: String,
    at: Option<Timestamp>,
    reason: String,
    dataset: String,
    connection_id: String,
    attempts: u32,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ParkedList {
    data: Vec<ParkedMessage>,
    total: i64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Replay {
    /// Ids of messages; or `all`.
    #[serde(default)]
    #[schema(max_items = 1000)]
    ids: Vec<String>,
    #[serde(default)]
    all: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replayed {
    replayed: i64,
}

/// Parked messages in an answer.
const MOST_PARKED: usize = 1_000;

/// Messages of this organization that could not be stored.
#[utoipa::path(
    get, path = "/api/v1/parked-messages", operation_id = "parked_messages", tag = "sources",
    params(FormatParams),
    responses(
        (status = 200, body = ParkedList),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn parked(ask: Ask) -> Result<Response, Problem> {
    let parked = ask.app.parked.list(ask.caller.org, MOST_PARKED).await;
    let parked = parked.map_err(|error| queue_away(&error))?;
    let data: Vec<_> = parked
        .into_iter()
        .map(|one| ParkedMessage {
            id: one.id,
            at: one.observed_at,
            reason: one.reason,
            dataset: one.dataset,
            connection_id: one.connection_id,
            attempts: one.attempts,
        })
        .collect();
    let body = ParkedList {
        total: data.len() as i64,
        data,
    };
    ask.body(
        &body,
        &["id", "at", "reason", "dataset", "connection_id", "attempts"],
    )
}

/// Sends parked messages again.
#[utoipa::path(
    post, path = "/api/v1/parked-messages/replay", operation_id = "replay_parked", tag = "sources",
    request_body = Replay,
    responses(
        (status = 200, body = Replayed),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn replay(ask: Ask, Body(wish): Body<Replay>) -> Result<Json<Replayed>, Problem> {
    if wish.all != wish.ids.is_empty() || wish.ids.len() > MOST_PARKED {
        return Err(Problem::invalid_body("#", "Name up to 1,000 ids, or all."));
    }
    let ids = (!wish.all).then_some(wish.ids);
    let count = ids.as_ref().map(Vec::len);
    ask.note("parked.replayed", "queue:parked", json!({"ids": count}))
        .await?;
    let replayed = ask.app.parked.replay(ask.caller.org, ids).await;
    let replayed = replayed.map_err(|error| queue_away(&error))?;
    Ok(Json(Replayed {
        replayed: replayed as i64,
    }))
}

fn queue_away(error: &crate::parked::ParkedError) -> Problem {
    tracing::warn!(
        error = error as &dyn std::error::Error,
        "the parked queue is not available"
    );
    Problem::unavailable("The queue does not answer; try again in a moment.")
}
