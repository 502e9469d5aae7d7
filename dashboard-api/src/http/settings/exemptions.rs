//! Seats that are not judged.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::check_id;
use crate::{
    http::{
        answer::Ask,
        body::Body,
        members::named,
        problem::{Problem, ProblemBody},
        shapes::{FormatParams, Rows},
    },
    store::settings::ExemptionRow,
};

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct Exemption {
    user_id: String,
    /// Null when the user is not known.
    name: Option<String>,
    reason: String,
    /// The last day; null: for good.
    until: Option<Date>,
    created_by: String,
    created_at: Timestamp,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewExemption {
    #[schema(min_length = 1, max_length = 64)]
    user_id: String,
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
    until: Option<Date>,
}

const COLUMNS: &[&str] = &[
    "user_id",
    "name",
    "reason",
    "until",
    "created_by",
    "created_at",
];

/// All exemptions, the ended ones included.
#[utoipa::path(
    get, path = "/api/v1/exemptions", operation_id = "exemptions", tag = "settings",
    params(FormatParams),
    responses(
        (status = 200, body = Rows<Exemption>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn exemptions(ask: Ask) -> Result<Response, Problem> {
    let head = ask.app.heads.of(&ask.app, ask.caller.org).await?;
    let veil = ask.app.veil(ask.caller.org, head.privacy);
    let rows = ask.app.store.exemptions(ask.caller.org).await?;
    let data = rows.into_iter().map(|row| Exemption {
        name: row.name.map(|name| veil.name(&row.user_id, &name)),
        user_id: row.user_id,
        reason: row.reason,
        until: row.until.map(jiff_sqlx::Date::to_jiff),
        created_by: row.created_by,
        created_at: row.created_at.to_jiff(),
    });
    ask.rows(data.collect(), COLUMNS)
}

/// Exempts a seat, from the next figures on; a second time replaces the first.
#[utoipa::path(
    post, path = "/api/v1/exemptions", operation_id = "exempt", tag = "settings",
    request_body = NewExemption,
    responses(
        (status = 201, body = Exemption),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn exempt(
    ask: Ask,
    Body(wish): Body<NewExemption>,
) -> Result<Response, Problem> {
    check_id("#/user_id", &wish.user_id)?;
    let reason = named("#/reason", &wish.reason, 500)?;
    let (now, today) = (ask.app.clock.now(), ask.app.today());
    if wish
        .until
        .is_some_and(|until| until < today || until.year() > 9000)
    {
        return Err(Problem::invalid_body(
            "#/until",
            "The last day is not in the past.",
        ));
    }
    let org = ask.caller.org;
    let name = ask.app.store.user_name(org, &wish.user_id).await?;
    let name = name.ok_or_else(|| Problem::invalid_body("#/user_id", "There is no such user."))?;
    let row = ExemptionRow {
        user_id: wish.user_id,
        name: Some(name),
        reason,
        until: wish.until.map(jiff_sqlx::ToSqlx::to_sqlx),
        created_by: ask.caller.name.clone(),
        created_at: jiff_sqlx::ToSqlx::to_sqlx(now),
    };
    let detail = json!({"reason": row.reason, "until": wish.until});
    ask.note("exemption.added", &format!("user:{}", row.user_id), detail)
        .await?;
    ask.app.store.add_exemption(org, &row, now).await?;
    ask.app.heads.forget(org);
    let head = ask.app.heads.of(&ask.app, org).await?;
    let veil = ask.app.veil(org, head.privacy);
    let body = Exemption {
        name: row
            .name
            .as_deref()
            .map(|name| veil.name(&row.user_id, name)),
        user_id: row.user_id,
        reason: row.reason,
        until: wish.until,
        created_by: row.created_by,
        created_at: row.created_at.to_jiff(),
    };
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// Ends an exemption.
#[utoipa::path(
    delete, path = "/api/v1/exemptions/{user_id}", operation_id = "end_exemption", tag = "settings",
    params(("user_id" = String, Path, max_length = 64, description = "PagerDuty's id of the user")),
    responses(
        (status = 204, description = "Ended"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn end_exemption(
    ask: Ask,
    Path(user_id): Path<String>,
) -> Result<StatusCode, Problem> {
    let unknown = || Problem::not_found("This user is not exempt.");
    if user_id.contains('\0') {
        return Err(unknown());
    }
    let org = ask.caller.org;
    let now = ask.app.clock.now();
    if !ask.app.store.remove_exemption(org, &user_id, now).await? {
        return Err(unknown());
    }
    ask.note("exemption.ended", &format!("user:{user_id}"), json!({}))
        .await?;
    ask.app.heads.forget(org);
    Ok(StatusCode::NO_CONTENT)
}
