//! Views that people come back to: a page with its filters.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        answer::Ask,
        body::Body,
        members::named,
        problem::{Problem, ProblemBody},
        shapes::{FormatParams, Rows},
        words::{SavedPage, Word},
    },
    store::settings::SavedViewRow,
};

/// Views of one organization.
const MOST: i64 = 500;

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::http) struct SavedView {
    id: Uuid,
    page: SavedPage,
    name: String,
    /// The query of the page's address.
    query: String,
    created_by: String,
    created_at: Timestamp,
}

impl From<SavedViewRow> for SavedView {
    fn from(row: SavedViewRow) -> Self {
        Self {
            id: row.id,
            page: SavedPage::from_name(&row.page).unwrap_or(SavedPage::Overview),
            name: row.name,
            query: row.query,
            created_by: row.created_by_name,
            created_at: row.created_at.to_jiff(),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct NewView {
    page: SavedPage,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    #[schema(max_length = 2000)]
    query: String,
}

const COLUMNS: &[&str] = &["id", "page", "name", "query", "created_by", "created_at"];

/// All saved views, by name.
#[utoipa::path(
    get, path = "/api/v1/saved-views", operation_id = "saved_views", tag = "settings",
    params(FormatParams),
    responses(
        (status = 200, body = Rows<SavedView>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn saved_views(ask: Ask) -> Result<Response, Problem> {
    let rows = ask.app.store.saved_views(ask.caller.org).await?;
    let data: Vec<_> = rows.into_iter().map(SavedView::from).collect();
    ask.rows(data, COLUMNS)
}

/// Saves a view.
#[utoipa::path(
    post, path = "/api/v1/saved-views", operation_id = "save_view", tag = "settings",
    request_body = NewView,
    responses(
        (status = 201, body = SavedView),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn save_view(
    ask: Ask,
    Body(wish): Body<NewView>,
) -> Result<Response, Problem> {
    let query = wish.query.trim_start_matches('?').to_owned();
    if query.len() > 2_000 || query.contains(char::is_control) {
        return Err(Problem::invalid_body(
            "#/query",
            "It has at most 2,000 characters.",
        ));
    }
    let org = ask.caller.org;
    let row = SavedViewRow {
        id: Uuid::now_v7(),
        page: wish.page.name().to_owned(),
        name: named("#/name", &wish.name, 100)?,
        query,
        created_by: ask.caller.actor(),
        created_by_name: ask.caller.name.clone(),
        created_at: jiff_sqlx::ToSqlx::to_sqlx(ask.app.clock.now()),
    };
    if ask.app.store.saved_views(org).await?.len() as i64 >= MOST {
        return Err(Problem::conflict(
            "too-many-views",
            "Too many views",
            "Delete one first.",
        ));
    }
    let detail = json!({"page": row.page, "name": row.name});
    ask.note(
        "saved_view.added",
        &format!("saved_view:{}", row.id),
        detail,
    )
    .await?;
    ask.app.store.add_saved_view(org, &row).await?;
    Ok((StatusCode::CREATED, Json(SavedView::from(row))).into_response())
}

/// Deletes a view.
#[utoipa::path(
    delete, path = "/api/v1/saved-views/{id}", operation_id = "delete_view", tag = "settings",
    params(("id" = Uuid, Path, description = "View")),
    responses(
        (status = 204, description = "Deleted"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn delete_view(
    ask: Ask,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let unknown = || Problem::not_found("There is no such view.");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    if !ask.app.store.remove_saved_view(ask.caller.org, id).await? {
        return Err(unknown());
    }
    ask.note("saved_view.deleted", &format!("saved_view:{id}"), json!({}))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
