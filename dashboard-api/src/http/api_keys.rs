//! API keys: for machines, with a role and an end. The secret is shown once.

use axum::{
    Json,
    extract::Path,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use jiff::Timestamp;
use proto::{
    auth::v1::{
        self as auth, CreateApiKeyRequest, ListApiKeysRequest, RevokeApiKeyRequest,
        RotateApiKeyRequest,
    },
    time::{from_proto, to_proto},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    answer::Ask,
    body::Body,
    members::{MEMBERS, id_of, named},
    problem::{Problem, ProblemBody},
    shapes::{FormatParams, Rows},
    words::RoleName,
};
use crate::window::days_from;

/// The longest that a key may live.
const LONGEST_DAYS: i64 = 366;

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ApiKey {
    id: String,
    name: String,
    role: RoleName,
    /// The first characters of the secret, to recognize it by.
    prefix: String,
    created_by: String,
    created_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    last_used_at: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl From<auth::ApiKey> for ApiKey {
    fn from(key: auth::ApiKey) -> Self {
        let at = |at: Option<prost_types::Timestamp>| at.as_ref().and_then(from_proto);
        Self {
            role: key.role().into(),
            created_at: at(key.created_at),
            expires_at: at(key.expires_at),
            last_used_at: at(key.last_used_at),
            revoked_at: at(key.revoked_at),
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            created_by: key.created_by,
        }
    }
}

/// A key with its secret, which is told this once.
#[derive(Serialize, ToSchema)]
pub(super) struct FreshApiKey {
    #[serde(flatten)]
    key: ApiKey,
    secret: String,
}

impl std::fmt::Debug for FreshApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FreshApiKey({}, ***)", self.key.id)
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewApiKey {
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    role: RoleName,
    /// At most a year ahead.
    expires_at: Timestamp,
}

const COLUMNS: &[&str] = &[
    "id",
    "name",
    "role",
    "prefix",
    "created_by",
    "created_at",
    "expires_at",
    "last_used_at",
    "revoked_at",
];

/// All keys, the revoked ones included.
#[utoipa::path(
    get, path = "/api/v1/api-keys", operation_id = "api_keys", tag = "settings",
    params(FormatParams),
    responses(
        (status = 200, body = Rows<ApiKey>),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list(ask: Ask) -> Result<Response, Problem> {
    let message = ListApiKeysRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
    };
    let answer = ask.app.auth.list_api_keys(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    let data: Vec<ApiKey> = answer.api_keys.into_iter().map(ApiKey::from).collect();
    ask.rows(data, COLUMNS)
}

/// Makes a key. Its role is at most its maker's.
#[utoipa::path(
    post, path = "/api/v1/api-keys", operation_id = "create_api_key", tag = "settings",
    request_body = NewApiKey,
    responses(
        (status = 201, body = FreshApiKey),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn create(ask: Ask, Body(wish): Body<NewApiKey>) -> Result<Response, Problem> {
    let now = ask.app.clock.now();
    if wish.expires_at <= now || wish.expires_at > days_from(now, LONGEST_DAYS) {
        return Err(Problem::invalid_body(
            "#/expires_at",
            "A key ends in the future, at most a year ahead.",
        ));
    }
    let role: auth::Role = wish.role.into();
    let message = CreateApiKeyRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
        name: named("#/name", &wish.name, 100)?,
        role: role.into(),
        expires_at: Some(to_proto(wish.expires_at)),
    };
    let answer = ask.app.auth.create_api_key(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    let key = fresh(answer.api_key, answer.secret);
    Ok((StatusCode::CREATED, Json(key)).into_response())
}

/// A new secret for the same key; the old one ends at once.
#[utoipa::path(
    post, path = "/api/v1/api-keys/{id}/rotate", operation_id = "rotate_api_key", tag = "settings",
    params(("id" = uuid::Uuid, Path, description = "Key")),
    responses(
        (status = 200, body = FreshApiKey),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn rotate(ask: Ask, Path(id): Path<String>) -> Result<Json<FreshApiKey>, Problem> {
    let message = RotateApiKeyRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
        api_key_id: id_of(&id)?,
    };
    let answer = ask.app.auth.rotate_api_key(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    ask.app.sessions.forget_all_of(ask.caller.org);
    Ok(Json(fresh(answer.api_key, answer.secret)))
}

/// Ends a key.
#[utoipa::path(
    delete, path = "/api/v1/api-keys/{id}", operation_id = "revoke_api_key", tag = "settings",
    params(("id" = uuid::Uuid, Path, description = "Key")),
    responses(
        (status = 200, body = ApiKey),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn revoke(ask: Ask, Path(id): Path<String>) -> Result<Json<ApiKey>, Problem> {
    let message = RevokeApiKeyRequest {
        org_id: ask.caller.org.to_string(),
        actor_id: ask.caller.person()?,
        api_key_id: id_of(&id)?,
    };
    let answer = ask.app.auth.revoke_api_key(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, MEMBERS))?;
    ask.app.sessions.forget_all_of(ask.caller.org);
    Ok(Json(ApiKey::from(answer.api_key.unwrap_or_default())))
}

fn fresh(key: Option<auth::ApiKey>, secret: String) -> FreshApiKey {
    FreshApiKey {
        key: ApiKey::from(key.unwrap_or_default()),
        secret,
    }
}
