//! Answers of one generation: which one is current, whether the client has it already, and the
//! headers that let it keep the answer.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{App, access::Caller, asked::Asked, problem::Problem};
use crate::store::read::Generation;

const KEEP: HeaderValue = HeaderValue::from_static("private, max-age=30");
const VARY: HeaderValue = HeaderValue::from_static("Cookie");

/// The generation that a request is answered from.
#[derive(Debug)]
pub(super) struct Current {
    pub(super) generation: Generation,
    etag: String,
    known: bool,
}

impl Current {
    /// The newest generation, or the one that a cursor names.
    pub(super) async fn find(
        app: &App,
        caller: &Caller,
        asked: &Asked,
        number: Option<i64>,
    ) -> Result<Self, Problem> {
        let generation = app.store.generation(caller.org, number).await?;
        let generation = generation.ok_or_else(Problem::no_generation)?;
        let etag = etag(caller, generation.number, &asked.target);
        let known = asked
            .if_none_match
            .as_deref()
            .is_some_and(|sent| names(sent, &etag));
        Ok(Self {
            generation,
            etag,
            known,
        })
    }

    /// 304 when the client has this answer.
    pub(super) fn not_modified(&self) -> Option<Response> {
        self.known
            .then(|| (StatusCode::NOT_MODIFIED, self.headers()).into_response())
    }

    pub(super) fn json<T: Serialize>(&self, body: T) -> Response {
        (self.headers(), Json(body)).into_response()
    }

    fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, KEEP);
        headers.insert(header::VARY, VARY);
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        headers
    }
}

/// A new release may render the same generation differently, so its version is in the hash.
fn etag(caller: &Caller, generation: i64, target: &str) -> String {
    let mut hash = Sha256::new();
    for part in [
        env!("CARGO_PKG_VERSION"),
        &caller.org.to_string(),
        &generation.to_string(),
        target,
    ] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let digest = hex::encode(hash.finalize());
    format!("\"{}\"", digest.get(..32).unwrap_or(&digest))
}

/// Whether an `If-None-Match` names an ETag.
fn names(sent: &str, etag: &str) -> bool {
    sent.split(',')
        .map(|one| one.trim().trim_start_matches("W/"))
        .any(|one| one == etag || one == "*")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_none_match_may_list_several() {
        assert!(names("\"a\", W/\"b\"", "\"b\""));
        assert!(names("*", "\"b\""));
        assert!(!names("\"a\"", "\"b\""));
    }
}
