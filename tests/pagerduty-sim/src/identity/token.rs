//! The token endpoint: form-encoded only, client credentials in the body only.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::app::{App, AppKind};
use super::id_token::{self, Facts};
use super::store::{Code, Issued, Refused};
use super::{TokenOwner, scope};
use crate::state::{AppState, BaseUrl};

/// An error of the token endpoint (RFC 6749, section 5.2).
#[derive(Debug)]
pub struct TokenError {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl TokenError {
    fn bad(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            error,
            description: description.into(),
        }
    }

    fn client(description: &str) -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            description: description.to_owned(),
        }
    }
}

impl From<Refused> for TokenError {
    fn from(refused: Refused) -> Self {
        Self::bad("invalid_grant", refused.to_string())
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        let body = json!({"error": self.error, "error_description": self.description});
        (self.status, Json(body)).into_response()
    }
}

type Form = BTreeMap<String, String>;

/// `POST /oauth/token`.
pub async fn exchange(
    State(state): State<AppState>,
    Extension(base): Extension<BaseUrl>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = read_form(&headers, query.as_deref(), &body)
        .and_then(|form| dispatch(&state, &base, &form));
    let mut response = answer.map(Json).into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn read_form(headers: &HeaderMap, query: Option<&str>, body: &Bytes) -> Result<Form, TokenError> {
    if headers.contains_key(AUTHORIZATION) {
        return Err(TokenError::client("client credentials belong in the body"));
    }
    if query.is_some_and(|query| !query.is_empty()) {
        return Err(TokenError::bad(
            "invalid_request",
            "parameters are not allowed in the query",
        ));
    }
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(TokenError::bad(
            "invalid_request",
            "the body must be form-urlencoded",
        ));
    }
    let mut form = Form::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if form.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(TokenError::bad(
                "invalid_request",
                "a parameter is repeated",
            ));
        }
    }
    Ok(form)
}

fn field<'a>(form: &'a Form, name: &str) -> Result<&'a str, TokenError> {
    let value = form
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty());
    value.ok_or_else(|| TokenError::bad("invalid_request", format!("{name} is missing")))
}

fn dispatch(state: &AppState, base: &BaseUrl, form: &Form) -> Result<Value, TokenError> {
    let grant_type = field(form, "grant_type")?;
    let app = state
        .identity
        .app(field(form, "client_id")?)
        .ok_or_else(|| TokenError::client("unknown client"))?;
    if form.get("client_secret").map(String::as_str) != Some(app.secret) {
        return Err(TokenError::client("wrong client credentials"));
    }
    match grant_type {
        "authorization_code" => exchange_code(state, base, app, form),
        "refresh_token" => refresh(state, app, form),
        "client_credentials" => client_credentials(state, app, form),
        _ => Err(TokenError::bad(
            "unsupported_grant_type",
            "the grant_type is unknown",
        )),
    }
}

fn exchange_code(
    state: &AppState,
    base: &BaseUrl,
    app: &App,
    form: &Form,
) -> Result<Value, TokenError> {
    let code = field(form, "code")?;
    let redirect_uri = field(form, "redirect_uri")?;
    let verifier = form.get("code_verifier").map(String::as_str);
    let now = state.clock.now();
    let issued = state
        .identity
        .store()
        .exchange_code(code, app, now, |code| {
            check_code(code, redirect_uri, verifier)
        })?;
    let account = state
        .account(&issued.owner.account)
        .ok_or(Refused::Unknown)?;
    let facts = Facts {
        base,
        account,
        app,
        issued: &issued,
        now,
    };
    let id_token = id_token::issue(
        &state.identity.key.current(),
        &facts,
        state.identity.id_token_mode(),
    );
    let mut answer = answer(&issued);
    answer["id_token"] = id_token.into();
    Ok(answer)
}

fn check_code(code: &Code, redirect_uri: &str, verifier: Option<&str>) -> Result<(), Refused> {
    if code.redirect_uri != redirect_uri {
        return Err(Refused::OtherRedirect);
    }
    let proven =
        verifier.map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
    if code.challenge == proven {
        Ok(())
    } else {
        Err(Refused::WrongVerifier)
    }
}

fn refresh(state: &AppState, app: &App, form: &Form) -> Result<Value, TokenError> {
    let token = field(form, "refresh_token")?;
    let refreshed = state
        .identity
        .store()
        .refresh(token, app, state.clock.now());
    if refreshed
        .as_ref()
        .is_err_and(|refused| *refused == Refused::Reused)
    {
        state.ledger.count_reuse();
    }
    Ok(answer(&refreshed?))
}

fn client_credentials(state: &AppState, app: &App, form: &Form) -> Result<Value, TokenError> {
    if app.kind != AppKind::Scoped {
        return Err(TokenError::bad(
            "unauthorized_client",
            "the app may not use client_credentials",
        ));
    }
    if !state.identity.is_installed(app.client_id) {
        return Err(TokenError::bad(
            "unauthorized_client",
            "the app is not installed",
        ));
    }
    let invalid_scope = || TokenError::bad("invalid_request", "Invalid scope");
    let requested = field(form, "scope").map_err(|_| invalid_scope())?;
    let mut owners = requested
        .split_whitespace()
        .filter_map(|scope| scope.strip_prefix("as_account-"));
    let (region, subdomain) = owners
        .next()
        .and_then(|owner| owner.split_once('.'))
        .ok_or_else(invalid_scope)?;
    let account = state
        .account(subdomain)
        .filter(|account| account.region.code() == region && owners.next().is_none())
        .ok_or_else(invalid_scope)?;
    let mut scopes = scope::granted(app.kind, requested, state.identity.grant_cap().as_ref());
    scopes.remove("openid");
    let owner = TokenOwner::app(&account.subdomain, app, scopes);
    let issued = state.identity.store().grant(owner, app, state.clock.now());
    Ok(answer(&issued))
}

fn answer(issued: &Issued) -> Value {
    let mut answer = json!({
        "access_token": issued.access_token,
        "token_type": "bearer",
        "scope": scope::printed(&issued.owner.scopes),
        "expires_in": issued.expires_in,
        "client_info": "prefix_legacy_app",
    });
    if let Some(refresh_token) = &issued.refresh_token {
        answer["refresh_token"] = refresh_token.as_str().into();
    }
    answer
}
