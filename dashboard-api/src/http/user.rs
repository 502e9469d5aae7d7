//! One seat: the row of the list, half a year of weeks, and the newest evidence.

use std::collections::BTreeMap;

use axum::{
    extract::{Path, State},
    response::Response,
};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    App, Shared,
    access::Caller,
    answer::Current,
    asked::Asked,
    problem::{Problem, ProblemBody},
    users::UserRow,
};
use crate::{
    catalogue::{self, RESPONDER, SIGN_IN},
    crunch::WEEKS,
    store::{
        users::SeatRow,
        uses::{SeatRef, UseRow},
    },
    window::{DAY_SECONDS, date_of, day_of, monday, week_of},
};

/// Evidence on the page.
const EVIDENCE: i64 = 200;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserDetail {
    #[serde(flatten)]
    row: UserRow,
    generation: i64,
    as_of: Timestamp,
    window_days: i64,
    /// The user at PagerDuty.
    url: Option<String>,
    job_title: String,
    time_zone: String,
    invitation_sent: bool,
    allocated_at: Option<Timestamp>,
    first_seen_at: Timestamp,
    weeks: Vec<WeekOfUses>,
    evidence: Vec<Evidence>,
}

/// Actions in a week.
#[derive(Debug, Serialize, ToSchema)]
struct WeekOfUses {
    /// A Monday.
    week_start: Date,
    uses: i64,
}

/// One use.
#[derive(Debug, Serialize, ToSchema)]
struct Evidence {
    feature: String,
    at: Timestamp,
    /// PagerDuty's own word, for example `website`.
    channel: Option<String>,
    /// PagerDuty's log entry type, `responder_request`, `responder_joined`, `responder_declined`
    /// or `sign_in`.
    kind: String,
    id: String,
    incident_id: Option<String>,
    url: Option<String>,
}

/// A user with everything that is known about the seat.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", operation_id = "user",
    params(
        ("id" = String, Path, description = "PagerDuty's id of the user"),
        ("window" = Option<u32>, Query, description = "30, 60, 90 (default) or 180 days"),
    ),
    responses(
        (status = 200, body = UserDetail),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(
    State(app): State<Shared>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&["window"])?;
    let window = asked.window()?;
    let current = Current::find(&app, &caller, &asked, None).await?;
    if let Some(unchanged) = current.not_modified() {
        return Ok(unchanged);
    }
    let number = current.generation.number;
    let seat = app.store.seat(caller.org, number, window, &id).await?;
    let seat = seat.ok_or_else(|| Problem::not_found("There is no such user."))?;
    let mut features = app
        .store
        .features_of(caller.org, number, window, &[id])
        .await?;
    let own = features.remove(&(seat.connection_id, seat.user_id.clone()));
    let totals = app.store.feature_totals(caller.org, number, window).await?;
    let mut row = UserRow::new(seat.clone(), own.unwrap_or_default());
    row.explain(|feature| {
        let total = totals.iter().find(|total| total.feature == feature)?;
        total.unknown_reason.clone()
    });
    let site = site(&app, &caller, &seat).await;
    Ok(current.json(UserDetail {
        row,
        generation: number,
        as_of: current.generation.as_of,
        window_days: window.days(),
        url: site
            .as_ref()
            .map(|site| format!("{site}/users/{}", seat.user_id)),
        weeks: weeks(&app, &caller, &current, &seat).await?,
        evidence: evidence(&app, &caller, &current, &seat, site.as_deref()).await?,
        job_title: seat.job_title,
        time_zone: seat.time_zone,
        invitation_sent: seat.invitation_sent,
        allocated_at: seat.allocated_at.map(jiff_sqlx::Timestamp::to_jiff),
        first_seen_at: seat.first_seen_at.to_jiff(),
    }))
}

/// The account's own site at PagerDuty; links are left out while it cannot be asked for.
async fn site(app: &App, caller: &Caller, seat: &SeatRow) -> Option<String> {
    let connections = app.auth.connections(caller.org).await.ok()?;
    let id = seat.connection_id.to_string();
    let connection = connections
        .into_iter()
        .find(|connection| connection.id == id)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let subdomain = connection.subdomain;
    let usable = !subdomain.is_empty() && subdomain.chars().all(plain);
    usable.then(|| format!("https://{subdomain}.pagerduty.com"))
}

fn seat_ref<'a>(caller: &Caller, seat: &'a SeatRow) -> SeatRef<'a> {
    SeatRef {
        org: caller.org,
        connection: seat.connection_id,
        user: &seat.user_id,
    }
}

async fn weeks(
    app: &App,
    caller: &Caller,
    current: &Current,
    seat: &SeatRow,
) -> Result<Vec<WeekOfUses>, Problem> {
    let t = current.generation.as_of;
    let newest = week_of(day_of(t));
    let oldest = newest - WEEKS + 1;
    let from = Timestamp::from_second(monday(oldest) * DAY_SECONDS).unwrap_or(Timestamp::MIN);
    let days = app
        .store
        .action_days(seat_ref(caller, seat), from, t)
        .await?;
    let mut uses: BTreeMap<i64, i64> = (oldest..=newest).map(|week| (week, 0)).collect();
    for (day, count) in days {
        if let Some(sum) = uses.get_mut(&week_of(day)) {
            *sum += count;
        }
    }
    let weeks = uses.into_iter().map(|(week, uses)| WeekOfUses {
        week_start: date_of(monday(week)),
        uses,
    });
    Ok(weeks.collect())
}

async fn evidence(
    app: &App,
    caller: &Caller,
    current: &Current,
    seat: &SeatRow,
    site: Option<&str>,
) -> Result<Vec<Evidence>, Problem> {
    let t = current.generation.as_of;
    let uses = app
        .store
        .uses_of(seat_ref(caller, seat), t, EVIDENCE)
        .await?;
    Ok(uses.into_iter().map(|one| evidence_of(one, site)).collect())
}

fn evidence_of(one: UseRow, site: Option<&str>) -> Evidence {
    let feature = match one.kind.as_str() {
        "sign_in" => SIGN_IN,
        kind if kind.starts_with("responder_") => RESPONDER,
        kind => catalogue::action_of(kind).unwrap_or("other"),
    };
    let incident = one.incident.as_deref();
    let url = site
        .zip(incident)
        .map(|(site, id)| format!("{site}/incidents/{id}"));
    Evidence {
        feature: feature.to_owned(),
        at: one.at,
        channel: one.channel,
        url,
        kind: one.kind,
        id: one.id,
        incident_id: one.incident,
    }
}
