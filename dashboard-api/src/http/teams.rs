//! Teams: members, seats, how they are used and what they cost.

use std::collections::BTreeMap;

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::{Ask, Opened},
    money,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, Frame, SeatParams, WindowParams},
};
use crate::{
    money::PriceBook,
    percent::percent,
    store::groups::{Grouping, TeamRow},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Team {
    id: String,
    name: String,
    parent_id: Option<String>,
    members: i64,
    seats: i64,
    active: i64,
    idle: i64,
    utilization_percent: Option<f64>,
    duty_seconds: i64,
    cost_monthly: Option<i64>,
    waste_monthly: Option<i64>,
    /// By feature id.
    features: BTreeMap<String, TeamFeature>,
}

#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(super) struct TeamFeature {
    used: i64,
    eligible: i64,
}

/// Teams; a person in two of them counts in both, and once in `people`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TeamList {
    #[serde(flatten)]
    frame: Frame,
    data: Vec<Team>,
    people: TeamFooter,
    /// Teams that are too small to be shown where only teams are.
    hidden: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TeamFooter {
    seats: i64,
    active: i64,
    idle: i64,
}

const COLUMNS: &[&str] = &[
    "id",
    "name",
    "parent_id",
    "members",
    "seats",
    "active",
    "idle",
    "utilization_percent",
    "duty_seconds",
    "cost_monthly",
    "waste_monthly",
];

/// All teams.
#[utoipa::path(
    get, path = "/api/v1/teams", operation_id = "teams", tag = "figures",
    params(WindowParams, SeatParams, FormatParams),
    responses(
        (status = 200, body = TeamList),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let opened = ask.open().await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    opened.check_group_size().await?;
    let store = &opened.app().store;
    let number = opened.generation.number;
    let rows = store.teams(opened.org(), number, opened.window).await?;
    let mut features = features(&opened).await?;
    let book = store.price_book(opened.org()).await?;
    let sums = store.seat_sums(opened.org(), &opened.filter()).await?;
    let asked_for = |row: &TeamRow| opened.team.as_ref().is_none_or(|ids| ids.contains(&row.id));
    let rows: Vec<TeamRow> = rows.into_iter().filter(asked_for).collect();
    let all = rows.len();
    let day = opened.day();
    let data: Vec<Team> = rows
        .into_iter()
        .filter(|row| opened.shows_group(row.seats))
        .map(|row| {
            let used = features.remove(&row.id).unwrap_or_default();
            team(&book, row, used, day)
        })
        .collect();
    let body = TeamList {
        frame: opened.frame(),
        hidden: (all - data.len()) as i64,
        data,
        people: TeamFooter {
            seats: sums.by_class.total(),
            active: sums.by_class.of(crate::seat::Class::Active),
            idle: sums.by_class.of(crate::seat::Class::Idle),
        },
    };
    opened.finish_list(&body, COLUMNS)
}

type Used = BTreeMap<String, TeamFeature>;

async fn features(opened: &Opened) -> Result<BTreeMap<String, Used>, Problem> {
    let groups = opened
        .app()
        .store
        .feature_groups(
            opened.org(),
            opened.generation.number,
            opened.window,
            Grouping::Team,
        )
        .await?;
    let named = groups.into_iter().map(|group| {
        let cells = group.used.iter().zip(&group.eligible);
        let used = opened.generation.features.iter().zip(cells);
        let used = used.map(|(id, (used, eligible))| {
            let cell = TeamFeature {
                used: i64::from(*used),
                eligible: i64::from(*eligible),
            };
            (id.clone(), cell)
        });
        (group.id, used.collect())
    });
    Ok(named.collect())
}

fn team(book: &PriceBook, row: TeamRow, features: Used, day: jiff::civil::Date) -> Team {
    let judged = row.counts.total()
        - row.counts.of(crate::seat::Class::Exempt)
        - row.counts.of(crate::seat::Class::New)
        - row.counts.of(crate::seat::Class::Unknown);
    Team {
        utilization_percent: percent(row.active, judged),
        cost_monthly: money::shares_of(book, &row.by_license, day),
        waste_monthly: money::shares_of(book, &row.idle_by_license, day),
        id: row.id,
        name: row.name,
        parent_id: Some(row.parent_id).filter(|id| !id.is_empty()),
        members: row.members,
        seats: row.seats,
        active: row.active,
        idle: row.idle,
        duty_seconds: row.duty_seconds,
        features,
    }
}
