//! Erasing a person: name and address go, the counts stay.

use axum::extract::Path;
use http::StatusCode;
use serde_json::json;

use crate::http::{
    answer::Ask,
    problem::{Problem, ProblemBody},
};

/// Removes a person's name and address from everything that is kept. It cannot be undone.
#[utoipa::path(
    post, path = "/api/v1/people/{user_id}/erase", operation_id = "erase_person", tag = "settings",
    params(("user_id" = String, Path, max_length = 64, description = "PagerDuty's id of the user")),
    responses(
        (status = 204, description = "Erased"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn erase_person(
    ask: Ask,
    Path(user_id): Path<String>,
) -> Result<StatusCode, Problem> {
    let unknown = || Problem::not_found("There is no such user.");
    if user_id.contains('\0') {
        return Err(unknown());
    }
    let org = ask.caller.org;
    if ask.app.store.user_name(org, &user_id).await?.is_none() {
        return Err(unknown());
    }
    ask.note("person.erased", &format!("user:{user_id}"), json!({}))
        .await?;
    let now = ask.app.clock.now();
    ask.app.store.erase_person(org, &user_id, now).await?;
    ask.app.heads.forget(org);
    Ok(StatusCode::NO_CONTENT)
}
