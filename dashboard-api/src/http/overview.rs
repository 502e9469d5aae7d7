//! The overview: seats, utilization, duty, features, weeks, and how much of it is proven.

use axum::{extract::State, response::Response};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Shared,
    access::Caller,
    answer::Current,
    asked::Asked,
    problem::{Problem, ProblemBody},
    shapes::{ByClass, DatasetCoverage, FeatureShape, features},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Overview {
    generation: i64,
    as_of: Timestamp,
    window_days: i64,
    time_zone: &'static str,
    seats: SeatCounts,
    /// Active seats of those that can be judged; null when none can.
    utilization_percent: Option<f64>,
    duty: DutyTotals,
    features: Vec<FeatureShape>,
    weekly_active: Vec<WeekOfPeople>,
    datasets: Vec<DatasetCoverage>,
    receipts: ReceiptTotals,
}

#[derive(Debug, Serialize, ToSchema)]
struct SeatCounts {
    total: i64,
    by_class: ByClass,
}

#[derive(Debug, Serialize, ToSchema)]
struct DutyTotals {
    seconds: i64,
    level_1_seconds: i64,
    level_2_plus_seconds: i64,
    people: i64,
}

/// People with an action or duty in a week.
#[derive(Debug, Serialize, ToSchema)]
struct WeekOfPeople {
    /// A Monday.
    week_start: Date,
    people: i64,
    /// Whether the week is over and all of it is known.
    complete: bool,
}

/// What the run brought: records that PagerDuty said there are, that came, and that are stored.
#[derive(Debug, Serialize, ToSchema)]
struct ReceiptTotals {
    windows: i64,
    expected: Option<i64>,
    received: i64,
    stored: i64,
}

/// The organization at a glance.
#[utoipa::path(
    get, path = "/api/v1/overview", operation_id = "overview",
    params(("window" = Option<u32>, Query, description = "30, 60, 90 (default) or 180 days")),
    responses(
        (status = 200, body = Overview),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(
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
    let (org, generation) = (caller.org, &current.generation);
    let sums = app.store.seat_sums(org, generation.number, window).await?;
    let totals = app
        .store
        .feature_totals(org, generation.number, window)
        .await?;
    let weeks = app.store.weekly_active(org, generation.number).await?;
    let receipts = app.store.receipt_sums(org, generation.run).await?;
    Ok(current.json(Overview {
        generation: generation.number,
        as_of: generation.as_of,
        window_days: window.days(),
        time_zone: "UTC",
        utilization_percent: sums.by_class.utilization_percent(),
        seats: SeatCounts {
            total: sums.by_class.total(),
            by_class: sums.by_class.into(),
        },
        duty: DutyTotals {
            seconds: sums.duty_seconds,
            level_1_seconds: sums.duty_level_1_seconds,
            level_2_plus_seconds: sums.duty_level_2_plus_seconds,
            people: sums.people_on_duty,
        },
        features: features(&totals),
        weekly_active: weeks.into_iter().map(WeekOfPeople::from).collect(),
        datasets: generation
            .datasets
            .iter()
            .map(DatasetCoverage::from)
            .collect(),
        receipts: ReceiptTotals {
            windows: receipts.windows,
            expected: receipts.expected,
            received: receipts.received,
            stored: receipts.stored,
        },
    }))
}

impl From<crate::store::read::WeekRow> for WeekOfPeople {
    fn from(row: crate::store::read::WeekRow) -> Self {
        Self {
            week_start: row.week_start,
            people: row.people,
            complete: row.complete,
        }
    }
}
