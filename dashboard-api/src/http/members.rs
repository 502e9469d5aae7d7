//! The organization, its members and their roles. auth-service decides and keeps the audit log of
//! what is done here.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use proto::{
    auth::v1::{
        self as auth, AddMemberRequest, ChangeRoleRequest, ListMembersRequest, RemoveMemberRequest,
        RenameOrganizationRequest,
    },
    time::from_proto,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::Ask,
    body::Body,
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, NamedId, Rows},
    words::RoleName,
};

pub(super) const MEMBERS: &str = "The member service";

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Member {
    id: String,
    email: String,
    name: String,
    role: RoleName,
    joined_at: Option<Timestamp>,
    /// Null: never signed in.
    last_seen_at: Option<Timestamp>,
}

impl From<auth::Member> for Member {
    fn from(member: auth::Member) -> Self {
        let role = member.role().into();
        let person = member.person.unwrap_or_default();
        Self {
            id: person.id,
            email: person.email,
            name: person.name,
            role,
            joined_at: member.joined_at.as_ref().and_then(from_proto),
            last_seen_at: member.last_seen_at.as_ref().and_then(from_proto),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewName {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMember {
    #[schema(min_length = 3, max_length = 320)]
    email: String,
    #[schema(max_length = 200)]
    name: Option<String>,
    role: RoleName,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    role: RoleName,
}

const COLUMNS: &[&str] = &["id", "email", "name", "role", "joined_at", "last_seen_at"];

/// The organization.
#[utoipa::path(
    get, path = "/api/v1/organization", operation_id = "organization", tag = "settings",
    responses(
        (status = 200, body = NamedId),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn organization(ask: Ask) -> Json<NamedId> {
    Json(NamedId {
        id: ask.caller.org.to_string(),
        name: ask.caller.org_name,
    })
}

/// Renames the organization.
#[utoipa::path(
    patch, path = "/api/v1/organization", operation_id = "rename_organization", tag = "settings",
    request_body = NewName,
    responses(
        (status = 200, body = NamedId),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn rename_organization(
    ask: Ask,
    Body(wish): Body<NewName>,
) -> Result<Json<NamedId>, Problem> {
    let message = RenameOrganizationRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
        name: named("#/name", &wish.name, 200)?,
    };
    let answer = ask.app.auth.rename_organization(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    ask.app.sessions.forget_all_of(ask.caller.org);
    let organization = answer.organization.unwrap_or_default();
    Ok(Json(NamedId {
        id: organization.id,
        name: organization.name,
    }))
}

/// Who may sign in.
#[utoipa::path(
    get, path = "/api/v1/members", operation_id = "members", tag = "settings",
    params(FormatParams),
    responses(
        (status = 200, body = Rows<Member>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let message = ListMembersRequest {
        org_id: ask.caller.org.to_string(),
    };
    let answer = ask.app.auth.list_members(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    let data: Vec<Member> = answer.members.into_iter().map(Member::from).collect();
    ask.rows(data, COLUMNS)
}

/// Adds a person by address.
#[utoipa::path(
    post, path = "/api/v1/members", operation_id = "add_member", tag = "settings",
    request_body = NewMember,
    responses(
        (status = 201, body = Member),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn add(ask: Ask, Body(wish): Body<NewMember>) -> Result<Response, Problem> {
    let role: auth::Role = wish.role.into();
    let message = AddMemberRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
        email: email("#/email", &wish.email)?,
        name: wish.name.unwrap_or_default(),
        role: role.into(),
    };
    let answer = ask.app.auth.add_member(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    let member = Member::from(answer.member.unwrap_or_default());
    Ok((StatusCode::CREATED, Json(member)).into_response())
}

/// Gives a member another role. Their sessions end.
#[utoipa::path(
    patch, path = "/api/v1/members/{id}", operation_id = "change_role", tag = "settings",
    params(("id" = uuid::Uuid, Path, description = "Person")),
    request_body = NewRole,
    responses(
        (status = 200, body = Member),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn change_role(
    ask: Ask,
    Path(id): Path<String>,
    Body(wish): Body<NewRole>,
) -> Result<Json<Member>, Problem> {
    let role: auth::Role = wish.role.into();
    let message = ChangeRoleRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
        person_id: id_of(&id)?,
        role: role.into(),
    };
    let answer = ask.app.auth.change_role(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    ask.app.sessions.forget_all_of(ask.caller.org);
    Ok(Json(Member::from(answer.member.unwrap_or_default())))
}

/// Removes a member. Their sessions and keys end.
#[utoipa::path(
    delete, path = "/api/v1/members/{id}", operation_id = "remove_member", tag = "settings",
    params(("id" = uuid::Uuid, Path, description = "Person")),
    responses(
        (status = 204, description = "Removed"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn remove(ask: Ask, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let message = RemoveMemberRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
        person_id: id_of(&id)?,
    };
    let answer = ask.app.auth.remove_member(message).await;
    answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    ask.app.sessions.forget_all_of(ask.caller.org);
    Ok(StatusCode::NO_CONTENT)
}

/// A UUID as auth-service writes it; anything else names nothing.
pub(super) fn id_of(text: &str) -> Result<String, Problem> {
    let id: Result<uuid::Uuid, _> = text.parse();
    id.map(|id| id.to_string())
        .map_err(|_| Problem::not_found("There is no such thing in this organization."))
}

/// A name that people give: not blank, not endless, no control characters.
pub(super) fn named(pointer: &str, text: &str, longest: usize) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest || text.contains(char::is_control) {
        let detail = format!("It has 1 to {longest} characters and no control characters.");
        return Err(Problem::invalid_body(pointer, &detail));
    }
    Ok(text.to_owned())
}

/// An address as far as we can tell; the mail server knows better.
pub(super) fn email(pointer: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';');
    let parts = text.rsplit_once('@');
    let fits = text.len() <= 320 && !text.contains(odd);
    if fits && parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty()) {
        return Ok(text.to_owned());
    }
    Err(Problem::invalid_body(pointer, "This is no e-mail address."))
}
