//! Who is signed in.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answer::Ask,
    problem::{Problem, ProblemBody},
    shapes::NamedId,
    words::{PrivacyMode, RoleName},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    person: SessionPerson,
    organization: NamedId,
    role: RoleName,
    /// How much of single people is shown.
    privacy: PrivacyMode,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionPerson {
    /// Of the person, or of the API key.
    id: String,
    /// Empty for an API key.
    email: String,
    name: String,
}

/// The person and organization behind the session cookie or API key.
#[utoipa::path(
    get, path = "/api/v1/session", operation_id = "session", tag = "sign-in",
    responses(
        (status = 200, body = Session),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(ask: Ask) -> Result<Json<Session>, Problem> {
    let head = ask.app.heads.of(&ask.app, ask.caller.org).await?;
    let caller = ask.caller;
    Ok(Json(Session {
        role: caller.role.into(),
        privacy: head.privacy,
        person: SessionPerson {
            id: caller.id().to_owned(),
            email: caller.email,
            name: caller.name,
        },
        organization: NamedId {
            id: caller.org.to_string(),
            name: caller.org_name,
        },
    }))
}
