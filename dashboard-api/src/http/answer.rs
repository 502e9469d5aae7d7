//! Answers of one generation: which one is current, whether the client or this process has the
//! answer already, and the headers that let it be kept.
//!
//! A handler opens its question, gives back what is there already, and otherwise finishes with a
//! body: [`Ask::open`], [`Opened::ready`], [`Opened::finish`].

use axum::{
    body::Bytes,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};
use moka::sync::Cache;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{
    App, Shared,
    access::Caller,
    asked::{Asked, Format},
    export,
    heads::Head,
    problem::Problem,
    shapes::Frame,
    words::Word,
};
use crate::{store::read::Generation, window::Window};

const KEEP: HeaderValue = HeaderValue::from_static("private, max-age=30");
const VARY: HeaderValue = HeaderValue::from_static("Cookie, Authorization, Accept");
/// Bytes of rendered answers that one process keeps.
const KEPT_BYTES: u64 = 16 * 1024 * 1024;
/// An answer larger than this is rendered each time.
const LARGEST_KEPT: usize = 1024 * 1024;

/// A whole answer.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    body: Bytes,
    headers: HeaderMap,
}

/// Rendered answers by ETag, which names organization, generation, settings and question.
#[derive(Debug)]
pub(crate) struct Answers(Cache<String, Rendered>);

impl Default for Answers {
    fn default() -> Self {
        let weight = |key: &String, answer: &Rendered| {
            // What the headers take is about the same for all.
            u32::try_from(key.len() + answer.body.len() + 512).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .max_capacity(KEPT_BYTES)
                .weigher(weight)
                .build(),
        )
    }
}

/// Who asks what.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) app: Shared,
    pub(super) caller: Caller,
    pub(super) asked: Asked,
}

impl FromRequestParts<Shared> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Problem> {
        Ok(Self {
            app: app.clone(),
            caller: Caller::from_request_parts(parts, app).await?,
            asked: Asked::from_request_parts(parts, app).await?,
        })
    }
}

/// A question together with the generation that answers it.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) ask: Ask,
    pub(super) head: Head,
    pub(super) generation: std::sync::Arc<Generation>,
    pub(super) window: Window,
    /// Team and license ids that seats must have one of.
    pub(super) team: Option<Vec<String>>,
    pub(super) license: Option<Vec<String>>,
    pub(super) format: Format,
    etag: String,
}

impl Ask {
    /// The newest generation, or the one of the end of the day asked for.
    pub(super) async fn open(self) -> Result<Opened, Problem> {
        self.open_at(None).await
    }

    /// The same, or the generation that a cursor names.
    pub(super) async fn open_at(self, number: Option<i64>) -> Result<Opened, Problem> {
        let asked = &self.asked;
        let (window, as_of) = (asked.window()?, asked.as_of()?);
        let (team, license) = (asked.ids("team")?, asked.ids("license")?);
        let format = asked.format()?;
        let head = self.app.heads.of(&self.app, self.caller.org).await?;
        let generation = match (number, as_of) {
            (Some(number), _) => {
                self.app
                    .store
                    .generation(self.caller.org, Some(number))
                    .await?
            }
            (None, Some(day)) => {
                self.app
                    .store
                    .generation_of_day(self.caller.org, day)
                    .await?
            }
            (None, None) => None,
        };
        let generation = match generation {
            Some(generation) => std::sync::Arc::new(generation),
            None if number.is_some() => return Err(stale_cursor()),
            None if as_of.is_some() => return Err(Problem::no_history()),
            None => head.generation.clone().ok_or_else(Problem::no_generation)?,
        };
        let etag = etag(&self, &head, generation.number, format);
        Ok(Opened {
            head,
            generation,
            window,
            team,
            license,
            format,
            etag,
            ask: self,
        })
    }
}

/// The position does not belong to this question, or its generation is gone.
pub(super) fn stale_cursor() -> Problem {
    Problem::invalid_parameter(
        "cursor",
        "The cursor does not belong to this list; start again.",
    )
}

impl Opened {
    pub(super) fn app(&self) -> &App {
        &self.ask.app
    }

    pub(super) fn org(&self) -> proto::OrgId {
        self.ask.caller.org
    }

    pub(super) fn frame(&self) -> Frame {
        Frame {
            generation: self.generation.number,
            as_of: self.generation.as_of,
            window_days: self.window.days(),
        }
    }

    /// 304 when the client has this answer, or the answer when this process has.
    pub(super) fn ready(&self) -> Option<Response> {
        let sent = self.ask.asked.if_none_match.as_deref();
        if sent.is_some_and(|sent| names(sent, &self.etag)) {
            return Some((StatusCode::NOT_MODIFIED, self.headers()).into_response());
        }
        let kept = self.ask.app.answers.0.get(&self.etag)?;
        Some((kept.headers, kept.body).into_response())
    }

    /// One document, in JSON only.
    pub(super) fn finish<T: Serialize>(self, body: &T) -> Result<Response, Problem> {
        if self.format != Format::Json {
            return Err(Problem::invalid_parameter(
                "format",
                "This answer is no list; it comes as JSON.",
            ));
        }
        let bytes = serde_json::to_vec(body).map_err(|error| Problem::internal(&error))?;
        Ok(self.keep(bytes.into(), HeaderMap::new()))
    }

    /// A list whose rows are the body's `data`, in the format that was asked for.
    pub(super) fn finish_list<T: Serialize>(
        self,
        body: &T,
        columns: &[&str],
    ) -> Result<Response, Problem> {
        if self.format == Format::Json {
            return self.finish(body);
        }
        let bytes = export::rows_of(body, columns, self.format)?;
        let headers = export::headers(self.format, &self.ask.asked.path);
        Ok(self.keep(bytes.into(), headers))
    }

    fn keep(self, body: Bytes, more: HeaderMap) -> Response {
        let mut headers = self.headers();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.extend(more);
        if body.len() <= LARGEST_KEPT {
            let rendered = Rendered {
                body: body.clone(),
                headers: headers.clone(),
            };
            self.ask.app.answers.0.insert(self.etag, rendered);
        }
        (headers, body).into_response()
    }

    pub(super) fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, KEEP);
        headers.insert(header::VARY, VARY);
        if let Ok(etag) = HeaderValue::from_str(&self.etag) {
            headers.insert(header::ETAG, etag);
        }
        headers
    }
}

/// A new release may render the same generation differently, so its version is in the hash; and so
/// is what the organization has set, which can alter an answer without a new generation.
fn etag(ask: &Ask, head: &Head, generation: i64, format: Format) -> String {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(ask.caller.org.0.as_bytes());
    hash.update(generation.to_be_bytes());
    hash.update(head.revision.to_be_bytes());
    hash.update(head.today.to_string());
    hash.update(head.privacy.name());
    hash.update([format as u8]);
    hash.update(&ask.asked.target);
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
