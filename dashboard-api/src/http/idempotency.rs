//! `Idempotency-Key`: a POST that is sent again is answered as the first time and does nothing.

use axum::{
    body::{Body, to_bytes},
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, StatusCode, header};
use sha2::{Digest, Sha256};

use super::{App, BODY_LIMIT, access::Caller, problem::Problem};
use crate::store::idempotency::{First, Kept, KeyOf};

const HEADER: &str = "idempotency-key";
const LONGEST_KEY: usize = 200;
/// Answers that are kept; what creates something answers briefly.
const LARGEST_ANSWER: usize = 256 * 1024;

/// Runs a request, unless it has been run before under the same key. Secrets that are shown once
/// are in the first answer only.
pub(super) async fn once(app: &App, path: &str, request: Request, next: Next) -> Response {
    if request.method() != Method::POST || !request.headers().contains_key(HEADER) {
        return next.run(request).await;
    }
    match answered(app, path, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn answered(
    app: &App,
    path: &str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = request
        .headers()
        .get(HEADER)
        .and_then(|key| key.to_str().ok());
    let key = key.filter(|key| (1..=LONGEST_KEY).contains(&key.len()));
    let key = key.map(str::to_owned).ok_or_else(|| {
        Problem::invalid_header("Idempotency-Key", "It has 1 to 200 visible characters.")
    })?;
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return Err(Problem::not_signed_in());
    };
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, BODY_LIMIT).await;
    let body = body.map_err(|_| Problem::too_large())?;
    let mut hash = Sha256::new();
    hash.update(parts.uri.to_string());
    hash.update([0]);
    hash.update(&body);
    let of = KeyOf {
        org: caller.org,
        actor: caller.actor(),
        key,
        request: hash.finalize().to_vec(),
    };
    match app.store.claim_key(&of, app.clock.now()).await? {
        First::Yes => {}
        First::Running => return Err(still_running()),
        First::Other => return Err(another_request()),
        First::Answered(kept) => return replayed(kept),
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    keep(app, path, &of, response).await
}

fn still_running() -> Problem {
    Problem::conflict(
        "request-running",
        "Still being answered",
        "The first request with this Idempotency-Key is still being answered.",
    )
}

fn another_request() -> Problem {
    Problem::unprocessable(
        "key-reused",
        "Key used before",
        "This Idempotency-Key belongs to another request.",
    )
}

/// Only success is remembered: a refused request may be sent again under its key.
async fn keep(app: &App, path: &str, of: &KeyOf, response: Response) -> Result<Response, Problem> {
    let secret = [
        "/api/v1/api-keys",
        "/api/v1/invitations",
        "/api/v1/connections/direct",
    ]
    .iter()
    .any(|begin| path.starts_with(begin));
    if !response.status().is_success() {
        app.store.release_key(of).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_ANSWER).await;
    let body = body.map_err(|error| Problem::internal(&error))?;
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let kept = Kept {
        status: parts.status.as_u16(),
        content_type: kind
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default()
            .to_owned(),
        // What is shown once is not stored.
        body: if secret {
            without_secrets(&body)
        } else {
            body.to_vec()
        },
    };
    app.store.keep_answer(of, &kept).await?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn without_secrets(body: &[u8]) -> Vec<u8> {
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    for name in ["secret", "url"] {
        if let Some(value) = fields.get_mut(name) {
            *value = "".into();
        }
    }
    serde_json::to_vec(&fields).unwrap_or_default()
}

fn replayed(kept: Kept) -> Result<Response, Problem> {
    let status = StatusCode::from_u16(kept.status).map_err(|error| Problem::internal(&error))?;
    let mut response = (status, kept.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Ok(kind) = HeaderValue::from_str(&kept.content_type)
        && !kept.content_type.is_empty()
    {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_secret_that_is_shown_once_is_not_kept() {
        let kept =
            super::without_secrets(br#"{"id":"1","secret":"qk_live","url":"https://x/?token=1"}"#);
        let text = String::from_utf8(kept).expect("text");
        assert!(
            !text.contains("qk_live") && !text.contains("token=1"),
            "{text}"
        );
    }
}
