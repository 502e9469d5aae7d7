//! Sign-in links and sign-out. A GET of the link only shows the page; the token is used by the
//! page's POST, so that a mail scanner uses nothing up.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{Shared, problem::Problem};

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
        _ => Problem::of_peer(&status, "The sign-in service"),
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

pub(super) async fn sign_out(
    State(app): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(token) = app.origin.session(&headers) {
        app.sessions.forget(&token);
        let ended = app.auth.sign_out(token).await;
        ended.map_err(|status| Problem::of_peer(&status, "The sign-in service"))?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Some(cookie) = app.origin.clear_session() {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
