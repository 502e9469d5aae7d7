//! Connecting without a browser: an account's API key, or this deployment's own app token.

use axum::{Json, response::IntoResponse, response::Response};
use http::StatusCode;
use proto::auth::v1::ConnectDirectlyRequest;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AUTH, Connection, render, unknown_connection};
use crate::http::{
    answer::Ask,
    body::Body,
    problem::{Problem, ProblemBody},
    words::RegionName,
};

/// One of the two ways.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Direct {
    /// A read-only account API key.
    #[schema(max_length = 200)]
    api_key: Option<String>,
    /// The account, for this deployment's own app token.
    #[schema(max_length = 200)]
    subdomain: Option<String>,
    region: RegionName,
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Direct(***)")
    }
}

/// Connects with an API key or an app token.
#[utoipa::path(
    post, path = "/api/v1/connections/direct", operation_id = "connect_directly", tag = "connections",
    request_body = Direct,
    responses(
        (status = 201, body = Connection),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(in crate::http) async fn connect_directly(
    ask: Ask,
    Body(direct): Body<Direct>,
) -> Result<Response, Problem> {
    let api_key = direct.api_key.unwrap_or_default();
    let subdomain = direct.subdomain.unwrap_or_default();
    if api_key.is_empty() == subdomain.is_empty() {
        return Err(Problem::invalid_body(
            "#",
            "Give either an api_key or a subdomain.",
        ));
    }
    let region: proto::auth::v1::Region = direct.region.into();
    let answer = ask
        .app
        .auth
        .connect_directly(ConnectDirectlyRequest {
            org_id: ask.caller.org.to_string(),
            person_id: ask.caller.person()?,
            api_key,
            subdomain,
            region: region.into(),
        })
        .await
        .map_err(|status| refused(&status))?;
    let connection = answer.connection.ok_or_else(unknown_connection)?;
    if let Ok(id) = connection.id.parse() {
        // The scheduler starts it otherwise.
        ask.app.ingest.start(ask.caller.org, id).await.ok();
    }
    let body = render(&ask.app, &ask.caller, connection).await?;
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

fn refused(status: &tonic::Status) -> Problem {
    match status.code() {
        // PagerDuty refuses the key: the caller's own session is fine.
        tonic::Code::Unauthenticated => {
            Problem::invalid_body("#/api_key", "PagerDuty does not accept it.")
        }
        _ => Problem::of_peer(status, AUTH),
    }
}
