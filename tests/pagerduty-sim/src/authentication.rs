//! Who is calling: reads the `Authorization` header once, refuses with 401 what PagerDuty refuses.
//!
//! Missing, malformed, unknown, expired and revoked tokens and the wrong region all look the same from outside (401,
//! code 2006). Scopes, roles and plans (402, 403) are the business of each endpoint.

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Value, json};

use crate::account::Region;
use crate::caller::{Caller, TokenKind};
use crate::identity::{TokenOwner, token_hash};
use crate::state::AppState;

/// The credential of a request, looked up but not yet judged; a request extension set by the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Presented {
    /// SHA-256 of the token, hexadecimal.
    pub(crate) token_hash: String,
    /// The token as presented.
    pub(crate) token: String,
    /// Whose it is (even when expired or revoked), if it is one of ours.
    pub(crate) owner: Option<TokenOwner>,
    /// Under which key the rate limit counts it.
    pub(crate) rate_key: String,
}

impl Presented {
    /// Reads the `Authorization` header.
    pub(crate) fn read(headers: &HeaderMap, state: &AppState) -> Option<Self> {
        let header = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let token = header
            .strip_prefix("Bearer ")
            .or_else(|| header.strip_prefix("Token token="))?;
        let token = token.trim().trim_matches('"').to_owned();
        let owner = state.identity.owner_of(&token);
        let hash = token_hash(&token);
        let rate_key = owner.as_ref().map_or_else(
            || hash.clone(),
            |owner| {
                format!(
                    "{}|{}|{}",
                    owner.client_id,
                    owner.account,
                    owner.user_id.as_deref().unwrap_or("-")
                )
            },
        );
        Some(Self {
            token_hash: hash,
            token,
            owner,
            rate_key,
        })
    }

    /// The credential the ledger found on this request.
    pub(crate) fn of(request: &Request) -> Option<&Self> {
        request.extensions().get::<Self>()
    }
}

/// PagerDuty's error body.
pub(crate) fn error_body(message: &str, code: u32, errors: &[&str]) -> Value {
    if errors.is_empty() {
        json!({"error": {"message": message, "code": code}})
    } else {
        json!({"error": {"message": message, "code": code, "errors": errors}})
    }
}

/// The layer: puts a `Caller` into the request, or answers 401.
pub(crate) async fn authenticate(
    State((state, region)): State<(AppState, Region)>,
    mut request: Request,
    next: Next,
) -> Response {
    match caller(&state, region, Presented::of(&request)) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(why) => {
            let body = error_body("Authentication failed", 2006, &[why]);
            (StatusCode::UNAUTHORIZED, Json(body)).into_response()
        }
    }
}

fn caller(
    state: &AppState,
    region: Region,
    presented: Option<&Presented>,
) -> Result<Caller, &'static str> {
    const REFUSED: &str = "The supplied credentials are invalid.";
    let presented = presented.ok_or("No valid credentials were supplied.")?;
    let owner = presented.owner.as_ref().ok_or(REFUSED)?;
    let account = state.account(&owner.account).ok_or(REFUSED)?;
    if !state.identity.is_live(&presented.token) || account.region != region {
        return Err(REFUSED);
    }
    if owner.user_id.is_some() && account.admin.is_deleted() {
        return Err(REFUSED);
    }
    let role = match owner.kind {
        TokenKind::Classic | TokenKind::Scoped => account.admin.role(),
        TokenKind::App | TokenKind::ApiKey => "admin".to_owned(),
    };
    Ok(Caller {
        account: account.clone(),
        user_id: owner.user_id.clone(),
        role,
        scopes: owner.scopes.clone(),
        client_id: owner.client_id.clone(),
        kind: owner.kind,
        region,
    })
}

/// The layer for what all REST answers share: a request id, and JSON bodies only.
pub(crate) async fn content_headers(request: Request, next: Next) -> Response {
    let mut response = if has_foreign_body(&request) {
        let body = error_body(
            "Invalid Input Provided",
            2001,
            &["Content-Type must be application/json"],
        );
        (StatusCode::BAD_REQUEST, Json(body)).into_response()
    } else {
        next.run(request).await
    };
    let id = uuid::Uuid::new_v4().to_string();
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

fn has_foreign_body(request: &Request) -> bool {
    let headers = request.headers();
    let writes = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH
    );
    let has_body = headers
        .get(CONTENT_LENGTH)
        .is_some_and(|length| length != "0")
        || headers.contains_key(TRANSFER_ENCODING);
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind == "application/json" || kind.ends_with("+json")
        });
    writes && has_body && !is_json
}
