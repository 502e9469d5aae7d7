//! The list of seats: filtered, ordered and paged in the database.

use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    App, Shared,
    access::Caller,
    answer::Current,
    asked::Asked,
    cursor::Cursor,
    problem::{Problem, ProblemBody},
};
use crate::{
    seat::Class,
    store::users::{SeatFeatureRow, SeatQuery, SeatRow, SortKey},
    window::Window,
};

const DEFAULT_LIMIT: i64 = 50;
const LARGEST_LIMIT: i64 = 500;
/// Longest text to search for.
const LONGEST_TEXT: usize = 200;
const PARAMETERS: [&str; 8] = [
    "window", "class", "q", "license", "team", "sort", "limit", "cursor",
];

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserPage {
    generation: i64,
    as_of: Timestamp,
    window_days: i64,
    data: Vec<UserRow>,
    next_cursor: Option<String>,
    /// Seats that the filters let through, on all pages.
    total: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserRow {
    id: String,
    name: String,
    email: String,
    role: String,
    license: Option<NamedId>,
    teams: Vec<NamedId>,
    /// `exempt`, `active`, `viewer`, `pending`, `new`, `unknown`, `standby`, `idle` or `never`.
    class: String,
    last_any: Option<LastAny>,
    duty_seconds: i64,
    duty_level_1_seconds: i64,
    duty_level_2_plus_seconds: i64,
    actions: i64,
    /// By feature id.
    features: BTreeMap<String, FeatureVerdict>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct NamedId {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct LastAny {
    at: Timestamp,
    feature: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct FeatureVerdict {
    /// `used`, `unused`, `unknown` or `not_eligible`.
    verdict: String,
    last: Option<Timestamp>,
    uses: i64,
    active_days: i32,
    /// Why it is unknown; only on a single user.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// Seats with their class and verdicts.
#[utoipa::path(
    get, path = "/api/v1/users", operation_id = "users",
    params(
        ("window" = Option<u32>, Query, description = "30, 60, 90 (default) or 180 days"),
        ("class" = Option<String>, Query, description = "Classes, separated by commas"),
        ("q" = Option<String>, Query, description = "Part of the name or e-mail"),
        ("license" = Option<String>, Query, description = "License ids, separated by commas"),
        ("team" = Option<String>, Query, description = "Team ids, separated by commas"),
        ("sort" = Option<String>, Query, description = "name (default), email, role, class, last_any, duty or actions; `-` in front for descending"),
        ("limit" = Option<u32>, Query, description = "1 to 500, default 50"),
        ("cursor" = Option<String>, Query, description = "next_cursor of the page before"),
    ),
    responses(
        (status = 200, body = UserPage),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(
    State(app): State<Shared>,
    caller: Caller,
    asked: Asked,
) -> Result<Response, Problem> {
    asked.only(&PARAMETERS)?;
    let question = question(&asked)?;
    let cursor = cursor(&app, &caller, &asked, &question)?;
    let number = cursor.as_ref().map(|cursor| cursor.generation);
    let current = Current::find(&app, &caller, &asked, number).await?;
    if let Some(unchanged) = current.not_modified() {
        return Ok(unchanged);
    }
    let query = SeatQuery {
        generation: current.generation.number,
        after: cursor.map(|cursor| cursor.after),
        ..question
    };
    let page = page(&app, &caller, &current, &query).await?;
    Ok(current.json(page))
}

async fn page(
    app: &App,
    caller: &Caller,
    current: &Current,
    query: &SeatQuery,
) -> Result<UserPage, Problem> {
    let org = caller.org;
    let total = app.store.count_seats(org, query).await?;
    // One more than asked for tells whether there is a next page.
    let one_more = SeatQuery {
        limit: query.limit + 1,
        ..query.clone()
    };
    let mut seats = app.store.seats(org, &one_more).await?;
    if seats.is_empty() && query.after.is_some() && total == 0 {
        return Err(stale_cursor());
    }
    let limit = usize::try_from(query.limit).unwrap_or_default();
    let more = seats.len() > limit;
    seats.truncate(limit);
    let next_cursor = seats.last().filter(|_| more).and_then(|seat| {
        let cursor = Cursor {
            generation: query.generation,
            after: seat.position(),
        };
        app.cursors.seal(org, &binding(query), &cursor)
    });
    let ids: Vec<String> = seats.iter().map(|seat| seat.user_id.clone()).collect();
    let mut features = app
        .store
        .features_of(org, query.generation, query.window, &ids)
        .await?;
    let rows = seats.into_iter().map(|seat| {
        let own = features.remove(&(seat.connection_id, seat.user_id.clone()));
        UserRow::new(seat, own.unwrap_or_default())
    });
    Ok(UserPage {
        generation: current.generation.number,
        as_of: current.generation.as_of,
        window_days: query.window.days(),
        data: rows.collect(),
        next_cursor,
        total,
    })
}

impl UserRow {
    pub(super) fn new(seat: SeatRow, features: Vec<SeatFeatureRow>) -> Self {
        let last_any = seat.last_any_at.zip(seat.last_any_feature);
        let verdicts = features.into_iter().map(|row| {
            let verdict = FeatureVerdict {
                verdict: row.verdict,
                last: row.last,
                uses: row.uses,
                active_days: row.active_days,
                reason: None,
            };
            (row.feature, verdict)
        });
        Self {
            id: seat.user_id,
            name: seat.name,
            email: seat.email,
            role: seat.role,
            license: seat.license_id.map(|id| NamedId {
                name: seat.license_name.unwrap_or_else(|| id.clone()),
                id,
            }),
            teams: serde_json::from_value(seat.teams).unwrap_or_default(),
            class: seat.class,
            last_any: last_any.map(|(at, feature)| LastAny {
                at: at.to_jiff(),
                feature,
            }),
            duty_seconds: seat.duty_seconds,
            duty_level_1_seconds: seat.duty_level_1_seconds,
            duty_level_2_plus_seconds: seat.duty_level_2_plus_seconds,
            actions: seat.actions,
            features: verdicts.collect(),
        }
    }

    /// Says why features are unknown; `reason_of` answers by feature id.
    pub(super) fn explain(&mut self, reason_of: impl Fn(&str) -> Option<String>) {
        for (feature, verdict) in &mut self.features {
            if verdict.verdict == "unknown" {
                verdict.reason = reason_of(feature);
            }
        }
    }
}

/// The filters and the order, without generation and position.
fn question(asked: &Asked) -> Result<SeatQuery, Problem> {
    let (sort, descending) = sort(asked.text("sort").unwrap_or("name"))?;
    let class = asked.text("class");
    for name in class.into_iter().flat_map(|text| text.split(',')) {
        if Class::from_name(name).is_none() {
            return Err(Problem::invalid_parameter(
                "class",
                "There is no such class.",
            ));
        }
    }
    let text = asked.text("q");
    if text.is_some_and(|text| text.len() > LONGEST_TEXT || text.contains('\0')) {
        return Err(Problem::invalid_parameter(
            "q",
            "The text cannot be searched for.",
        ));
    }
    Ok(SeatQuery {
        generation: 0,
        window: asked.window()?,
        class: class.map(str::to_owned),
        text: text.map(str::to_owned),
        license: filter(asked, "license")?,
        team: filter(asked, "team")?,
        sort,
        descending,
        limit: limit(asked.text("limit"))?,
        after: None,
    })
}

fn filter(asked: &Asked, name: &str) -> Result<Option<String>, Problem> {
    let text = asked.text(name);
    if text.is_some_and(|text| text.contains('\0')) {
        return Err(Problem::invalid_parameter(name, "This is no list of ids."));
    }
    Ok(text.map(str::to_owned))
}

fn sort(text: &str) -> Result<(SortKey, bool), Problem> {
    let (name, descending) = text
        .strip_prefix('-')
        .map_or((text, false), |name| (name, true));
    let key = SortKey::from_name(name);
    let key = key.ok_or_else(|| {
        let known = SortKey::ALL.map(SortKey::name).join(", ");
        Problem::invalid_parameter("sort", &format!("The order is one of {known}."))
    })?;
    Ok((key, descending))
}

fn limit(text: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = text else {
        return Ok(DEFAULT_LIMIT);
    };
    let limit = text
        .parse()
        .ok()
        .filter(|limit| (1..=LARGEST_LIMIT).contains(limit));
    limit.ok_or_else(|| Problem::invalid_parameter("limit", "The limit is 1 to 500."))
}

fn cursor(
    app: &App,
    caller: &Caller,
    asked: &Asked,
    question: &SeatQuery,
) -> Result<Option<Cursor>, Problem> {
    let Some(text) = asked.text("cursor") else {
        return Ok(None);
    };
    let cursor = app.cursors.open(caller.org, &binding(question), text);
    cursor.map(Some).ok_or_else(stale_cursor)
}

fn stale_cursor() -> Problem {
    Problem::invalid_parameter(
        "cursor",
        "The cursor does not belong to this list; start again.",
    )
}

/// Everything that decides which seats come in which order, as text.
fn binding(query: &SeatQuery) -> String {
    let window: Window = query.window;
    format!(
        "{window:?} {:?} {:?} {:?} {:?} {:?} {}",
        query.class, query.text, query.license, query.team, query.sort, query.descending
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_comes_from_an_allow_list() {
        assert!(matches!(sort("-last_any"), Ok((SortKey::LastAny, true))));
        assert!(matches!(sort("duty"), Ok((SortKey::Duty, false))));
        assert!(sort("id; drop table").is_err());
        assert!(sort("--name").is_err());
    }

    #[test]
    fn a_limit_is_never_silently_cut() {
        assert!(matches!(limit(None), Ok(50)));
        assert!(matches!(limit(Some("500")), Ok(500)));
        for bad in ["0", "501", "-1", "x"] {
            assert!(limit(Some(bad)).is_err(), "{bad}");
        }
    }
}
