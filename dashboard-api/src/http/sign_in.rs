//! Sign-in links and sign-out. A GET of the link only shows the page; the token is used by the
//! page's POST, so that a mail scanner uses nothing up.

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use proto::auth::v1::{
    BeginOidcRequest, CompleteOidcRequest, ListSignInMethodsRequest, SendSignInLinkRequest,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Shared,
    body::Body,
    connect, cookies,
    members::email,
    problem::{Problem, ProblemBody},
};

const SIGN_IN: &str = "The sign-in service";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    token: String,
}

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignIn(***)")
    }
}

pub(super) async fn redeem(
    State(app): State<Shared>,
    body: Result<Json<SignIn>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(SignIn { token }) =
        body.map_err(|_| Problem::invalid_body("#", "Send {\"token\": \"…\"}."))?;
    let answer = app.auth.redeem(token).await;
    let answer = answer.map_err(|status| match status.code() {
        tonic::Code::Unauthenticated => link_refused(),
        _ => Problem::of_peer(&status, SIGN_IN),
    })?;
    let expires = answer.expires_at.map_or(0, |at| at.seconds);
    let seconds = (expires - app.clock.now().as_second()).max(0);
    let cookie = app.origin.set_session(&answer.session_token, seconds);
    let cookie = cookie.ok_or_else(link_refused)?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]).into_response())
}

fn link_refused() -> Problem {
    Problem::new(
        chassis::Code::Unauthenticated,
        "link-refused",
        "This link does not work",
        "A sign-in link works once and for a short time; ask for a new one.",
    )
}

/// What the sign-in page can offer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SignInMethods {
    /// Links by mail.
    email: bool,
    /// The provider's name for the button; null without one.
    oidc_name: Option<String>,
}

/// How one can sign in here. Needs no session.
#[utoipa::path(
    get, path = "/api/v1/sign-in-methods", operation_id = "sign_in_methods", tag = "sign-in",
    responses(
        (status = 200, body = SignInMethods),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn methods(State(app): State<Shared>) -> Result<Json<SignInMethods>, Problem> {
    let answer = app
        .auth
        .list_sign_in_methods(ListSignInMethodsRequest {})
        .await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, SIGN_IN))?;
    Ok(Json(SignInMethods {
        email: answer.email,
        oidc_name: Some(answer.oidc_name).filter(|name| !name.is_empty()),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkWish {
    #[schema(min_length = 3, max_length = 320)]
    email: String,
}

/// Mails a sign-in link. The answer is the same whether or not the address is known.
#[utoipa::path(
    post, path = "/sign-in/link", operation_id = "send_sign_in_link", tag = "sign-in",
    request_body = LinkWish,
    responses(
        (status = 202, description = "If the address is a member's, a link is on its way"),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn link(
    State(app): State<Shared>,
    Body(wish): Body<LinkWish>,
) -> Result<StatusCode, Problem> {
    let email = email("#/email", &wish.email)?;
    let sent = app
        .auth
        .send_sign_in_link(SendSignInLinkRequest { email })
        .await;
    sent.map_err(|status| match status.code() {
        tonic::Code::ResourceExhausted => {
            Problem::too_many("Too many links were asked for; wait a few minutes.")
        }
        tonic::Code::FailedPrecondition => Problem::conflict(
            "no-mail",
            "No mail is sent here",
            "This deployment has no mail server; ask its operator for a link.",
        ),
        _ => Problem::of_peer(&status, SIGN_IN),
    })?;
    Ok(StatusCode::ACCEPTED)
}

/// Leads to the OpenID Connect provider. A plain form posts here.
pub(super) async fn begin_oidc(
    State(app): State<Shared>,
    body: Bytes,
) -> Result<Response, Problem> {
    let mut fields = url::form_urlencoded::parse(&body);
    let return_to = fields.find(|(name, _)| name == "return_to");
    let return_to = return_to.map(|(_, value)| value.into_owned());
    let browser_binding = connect::new_binding();
    let message = BeginOidcRequest {
        return_to: return_to.unwrap_or_else(|| "/".to_owned()),
        browser_binding: browser_binding.clone(),
    };
    match app.auth.begin_oidc(message).await {
        Ok(answer) => {
            let cookie = app.origin.set_sign_in_binding(&browser_binding);
            connect::redirect(&answer.authorize_url, cookie)
        }
        Err(status) => {
            tracing::warn!(code = ?status.code(), message = status.message(), "no sign-in was begun");
            connect::redirect("/sign-in?error=provider_unavailable", None)
        }
    }
}

/// The provider's redirect: a session, or back to the sign-in page with the reason.
pub(super) async fn complete_oidc(
    State(app): State<Shared>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let given = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let message = CompleteOidcRequest {
        state: given("state"),
        code: given("code"),
        error: given("error"),
        browser_binding: cookies::read(&headers, cookies::BINDING).unwrap_or_default(),
    };
    let mut response = match app.auth.complete_oidc(message).await {
        Ok(answer) => {
            let expires = answer.expires_at.map_or(0, |at| at.seconds);
            let seconds = (expires - app.clock.now().as_second()).max(0);
            let cookie = app.origin.set_session(&answer.session_token, seconds);
            connect::redirect(&connect::own_path(&answer.return_to, "/"), cookie)?
        }
        Err(status) => {
            let error = not_signed_in(&status);
            connect::redirect(&format!("/sign-in?error={error}"), None)?
        }
    };
    if let Some(cookie) = app.origin.clear_sign_in_binding() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

fn not_signed_in(status: &tonic::Status) -> &'static str {
    tracing::info!(code = ?status.code(), message = status.message(), "a sign-in was refused");
    match chassis::code::reason(status).as_deref() {
        Some("DENIED") => "denied",
        Some("IDENTITY_REFUSED") => "identity_refused",
        Some("NO_MEMBERSHIP") => "no_membership",
        _ if status.code() == tonic::Code::Unauthenticated => "state_refused",
        _ => "provider_unavailable",
    }
}

pub(super) async fn sign_out(
    State(app): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(token) = app.origin.session(&headers) {
        app.sessions.forget(&token);
        let ended = app.auth.sign_out(token).await;
        ended.map_err(|status| Problem::of_peer(&status, SIGN_IN))?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = app.origin.clear_session() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
