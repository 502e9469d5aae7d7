//! Who is signed in.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    access::Caller,
    asked::Asked,
    problem::{Problem, ProblemBody},
};

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    person: SessionPerson,
    organization: SessionOrganization,
    /// `owner`, `admin`, `analyst` or `viewer`.
    role: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionPerson {
    id: String,
    email: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct SessionOrganization {
    id: String,
    name: String,
}

/// The person and organization behind the session cookie.
#[utoipa::path(
    get, path = "/api/v1/session", operation_id = "session",
    responses(
        (status = 200, body = Session),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn show(caller: Caller, asked: Asked) -> Result<Json<Session>, Problem> {
    asked.only(&[])?;
    let role = caller.role_name();
    Ok(Json(Session {
        person: SessionPerson {
            id: caller.person_id,
            email: caller.email,
            name: caller.name,
        },
        organization: SessionOrganization {
            id: caller.org.to_string(),
            name: caller.org_name,
        },
        role,
    }))
}
