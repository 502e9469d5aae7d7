//! The layer that writes every request down, outermost of all, so that spoiled answers are counted as well.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;

use super::{Answered, LedgerEntry, PageRows};
use crate::authentication::Presented;
use crate::clock::Clock;
use crate::faults::Spoiled;
use crate::identity::token_hash;
use crate::state::AppState;

/// No honest token request comes near.
const TOKEN_FORM_LIMIT: usize = 65_536;

/// Records the request, looks its token up for the layers below, completes the entry with the answer.
pub async fn record(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let mut entry = entry_of(&parts, &state);
    let body = if parts.uri.path() == "/oauth/token" {
        match to_bytes(body, TOKEN_FORM_LIMIT).await {
            Ok(form) => {
                note_token_form(&mut entry, &form);
                Body::from(form)
            }
            Err(_) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        }
    } else {
        body
    };
    if let Some(presented) = Presented::read(&parts.headers, &state) {
        entry
            .token_hash
            .get_or_insert_with(|| presented.token_hash.clone());
        if let Some(owner) = &presented.owner {
            entry.account = Some(owner.account.clone());
            entry.client = Some(owner.client_id.clone());
        }
        parts.extensions.insert(presented);
    }
    let n = state.ledger.open(entry, Clock::real_now());
    let response = next.run(Request::from_parts(parts, body)).await;
    let extensions = response.extensions();
    state.ledger.close(
        n,
        Answered {
            status: response.status().as_u16(),
            page_rows: extensions.get::<PageRows>().map(|rows| rows.0),
            fault: extensions.get::<Spoiled>().map(|spoiled| spoiled.0),
        },
    );
    response
}

fn entry_of(parts: &Parts, state: &AppState) -> LedgerEntry {
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let query = parts.uri.query().unwrap_or_default();
    let query = if parts.uri.path().starts_with("/oauth/") {
        let names =
            url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned());
        names.collect::<Vec<_>>().join("&")
    } else {
        query.to_owned()
    };
    LedgerEntry {
        n: 0,
        at: state.clock.now(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query,
        status: None,
        account: None,
        client: None,
        token_hash: None,
        traceparent: header("traceparent"),
        page_rows: None,
        grant: None,
        fault: None,
    }
}

fn note_token_form(entry: &mut LedgerEntry, form: &Bytes) {
    let field = |wanted: &str| {
        url::form_urlencoded::parse(form)
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let (grant, secret) = match field("grant_type").as_deref() {
        Some("authorization_code") => ("code", field("code")),
        Some("refresh_token") => ("refresh", field("refresh_token")),
        Some("client_credentials") => ("client_credentials", None),
        _ => ("other", None),
    };
    entry.grant = Some(grant.to_owned());
    entry.token_hash = secret.map(|secret| token_hash(&secret));
    entry.client = field("client_id");
}
