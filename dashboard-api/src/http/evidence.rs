//! The records behind a verdict, the newest first.

use axum::{extract::Path, response::Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    answer::{Ask, Opened, stale_cursor},
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, List, PageParams, WindowParams},
    user::{UserId, seat},
};
use crate::{
    catalogue,
    store::{
        users::SeatRow,
        uses::{SeatRef, UseRow},
    },
};

/// Evidence on the page of a user.
const NEWEST: i64 = 200;

/// One use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Evidence {
    feature: String,
    at: Timestamp,
    /// PagerDuty's own word, for example `website`.
    channel: Option<String>,
    /// PagerDuty's log entry type, `responder_request`, `responder_joined`, `responder_declined`,
    /// `sign_in`, or the kind of another record.
    kind: String,
    id: String,
    incident_id: Option<String>,
    url: Option<String>,
}

#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `Asked` reads")]
pub(super) struct EvidenceParams {
    /// Only uses of this feature.
    feature: Option<String>,
}

const COLUMNS: &[&str] = &[
    "feature",
    "at",
    "channel",
    "kind",
    "id",
    "incident_id",
    "url",
];

/// Uses of one person.
#[utoipa::path(
    get, path = "/api/v1/users/{id}/evidence", operation_id = "evidence", tag = "figures",
    params(UserId, WindowParams, EvidenceParams, PageParams, FormatParams),
    responses(
        (status = 200, body = List<Evidence>),
        (status = 304, description = "The client has this answer"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask, Path(id): Path<String>) -> Result<Response, Problem> {
    let limit = ask.asked.limit()?;
    let feature = ask.asked.text("feature").map(str::to_owned);
    if let Some(feature) = &feature
        && catalogue::FEATURES.iter().all(|one| one.id != *feature)
    {
        return Err(Problem::invalid_parameter(
            "feature",
            "There is no such feature.",
        ));
    }
    let binding = format!("evidence {id} {feature:?}");
    let cursor = match ask.asked.text("cursor") {
        None => None,
        Some(text) => Some(
            ask.app
                .cursors
                .open(ask.caller.org, &binding, text)
                .ok_or_else(stale_cursor)?,
        ),
    };
    let opened = ask
        .open_at(cursor.as_ref().map(|cursor| cursor.generation))
        .await?;
    if let Some(answer) = opened.ready() {
        return Ok(answer);
    }
    let seat = seat(&opened, &id).await?;
    let site = opened.site(seat.connection_id).await;
    let after = cursor.map(|cursor| cursor.after);
    let all = uses(&opened, &seat, feature.as_deref()).await?;
    let total = all.len() as i64;
    let skip = usize::try_from(after.map_or(0, |after| after.number)).unwrap_or_default();
    let whole = opened.format != super::asked::Format::Json;
    let take = if whole {
        usize::MAX
    } else {
        usize::try_from(limit).unwrap_or_default()
    };
    let rows: Vec<_> = all
        .into_iter()
        .skip(skip)
        .take(take)
        .map(|one| shape(one, site.as_deref()))
        .collect();
    let reached = skip + rows.len();
    let next_cursor = (!whole && (reached as i64) < total)
        .then(|| opened.seal_number(&binding, reached as i64))
        .flatten();
    let body = List {
        next_cursor,
        total,
        ..opened.list(rows)
    };
    opened.finish_pages(&body, COLUMNS)
}

/// The newest uses of a seat.
pub(super) async fn newest(
    opened: &Opened,
    seat: &SeatRow,
    site: Option<&str>,
) -> Result<Vec<Evidence>, Problem> {
    let uses = opened
        .app()
        .store
        .uses_of(seat_ref(opened, seat), opened.generation.as_of, NEWEST)
        .await?;
    Ok(uses.into_iter().map(|one| shape(one, site)).collect())
}

async fn uses(
    opened: &Opened,
    seat: &SeatRow,
    feature: Option<&str>,
) -> Result<Vec<UseRow>, Problem> {
    let all = opened
        .app()
        .store
        .uses_of(
            seat_ref(opened, seat),
            opened.generation.as_of,
            i64::from(i32::MAX),
        )
        .await?;
    Ok(all
        .into_iter()
        .filter(|one| feature.is_none_or(|feature| one.feature() == feature))
        .collect())
}

fn seat_ref<'a>(opened: &Opened, seat: &'a SeatRow) -> SeatRef<'a> {
    SeatRef {
        org: opened.org(),
        connection: seat.connection_id,
        user: &seat.user_id,
    }
}

fn shape(one: UseRow, site: Option<&str>) -> Evidence {
    let url = site
        .zip(one.incident.as_deref())
        .map(|(site, id)| format!("{site}/incidents/{id}"));
    Evidence {
        feature: one.feature().to_owned(),
        at: one.at,
        channel: one.channel,
        url,
        kind: one.kind,
        id: one.id,
        incident_id: one.incident,
    }
}
