//! What goes wrong on purpose: rules that match a path and spoil the answer.
//!
//! A fault happens either instead of the request or, with `processed`, after it was carried out: the second kind is
//! the answer that was lost on its way, which is the harder one for a client.

mod body;
mod bomb;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use serde::{Deserialize, Serialize};

use crate::authentication::error_body;
use crate::state::AppState;

/// What happens to a request that a fault meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// An error answer with `status` (500 when absent) and `headers`.
    Status,
    /// Never an answer, until the client gives up.
    Hang,
    /// The connection breaks before the first byte of the answer.
    Reset,
    /// The connection breaks in the middle of the body.
    Truncate,
    /// A complete answer whose JSON ends in the middle.
    Malformed,
    /// A web page where JSON was expected, with `status` (200 when absent).
    Html,
    /// The true answer, one byte a second.
    Slow,
    /// 64 MiB of white space before the true answer.
    Huge,
    /// Seven megabytes of gzip that unpack to a gigabyte of white space.
    GzipBomb,
    /// `field` of every row has a word, number or shape nobody has seen.
    NewEnum,
    /// `field` of every row is null.
    Null,
    /// `field` of every row is missing.
    Missing,
    /// `field` of every row has another name.
    Renamed,
    /// `field` of every row has another type.
    TypeChanged,
    /// `rows` records have come in front of (or, negative, left) the list since the page before.
    Moving,
    /// `more` is true whatever the page holds.
    EndlessMore,
    /// No rows, and `more` is true.
    EmptyPage,
}

/// A rule, as `POST /sim/faults` takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The beginning of the path, with or without the `/eu` of the European API.
    pub path_prefix: String,
    /// Only this method.
    #[serde(default)]
    pub method: Option<String>,
    /// What happens.
    pub kind: FaultKind,
    /// The status of `status` and `html`.
    #[serde(default)]
    pub status: Option<u16>,
    /// Headers of `status` and `html`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How many requests it meets; every one when absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// How many matching requests pass first.
    #[serde(default)]
    pub after: u64,
    /// Which member of the rows drifts.
    #[serde(default)]
    pub field: Option<String>,
    /// By how many rows a list has moved.
    #[serde(default)]
    pub rows: i64,
    /// Carry the request out before the answer is spoiled. `truncate`, `malformed`, `slow` and `huge` always do.
    #[serde(default)]
    pub processed: bool,
}

impl Fault {
    /// A fault of this kind for every request below this path.
    pub fn new(path_prefix: &str, kind: FaultKind) -> Self {
        Self {
            path_prefix: path_prefix.to_owned(),
            method: None,
            kind,
            status: None,
            headers: BTreeMap::new(),
            times: None,
            after: 0,
            field: None,
            rows: 0,
            processed: false,
        }
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let below_region = path.strip_prefix("/eu").unwrap_or(path);
        let path_matches =
            path.starts_with(&self.path_prefix) || below_region.starts_with(&self.path_prefix);
        path_matches
            && self
                .method
                .as_deref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Rules>,
    latency_ms: AtomicU64,
}

#[derive(Debug, Default)]
struct Rules {
    last_id: u64,
    by_id: BTreeMap<u64, Fault>,
}

impl Faults {
    /// Every answer is late by that much.
    pub fn set_latency(&self, milliseconds: u64) {
        self.latency_ms.store(milliseconds, Ordering::SeqCst);
    }

    fn latency(&self) -> Duration {
        Duration::from_millis(self.latency_ms.load(Ordering::SeqCst))
    }

    /// Adds a rule and answers its id.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.last_id += 1;
        let id = rules.last_id;
        rules.by_id.insert(id, fault);
        id
    }

    /// Removes one rule; false when there is none of this id.
    pub fn remove(&self, id: u64) -> bool {
        self.rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .by_id
            .remove(&id)
            .is_some()
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.rules
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .by_id
            .clear();
    }

    /// The oldest rule that meets this request, counted down; a rule used up is dropped.
    fn pick(&self, method: &str, path: &str) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mut met = None;
        for (id, fault) in &mut rules.by_id {
            if !fault.matches(method, path) {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            met = Some((*id, fault.clone()));
            fault.times = fault.times.map(|times| times.saturating_sub(1));
            break;
        }
        rules.by_id.retain(|_, fault| fault.times != Some(0));
        met.map(|(_, fault)| fault)
    }
}

/// The layer: spoils the answers the rules say.
pub async fn inject(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let latency = state.faults.latency();
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let Some(fault) = state
        .faults
        .pick(request.method().as_str(), request.uri().path())
    else {
        return next.run(request).await;
    };
    let mut response = match fault.kind {
        FaultKind::Truncate => cut(next.run(request).await).await,
        FaultKind::Malformed => half(next.run(request).await).await,
        FaultKind::Slow => slow(next.run(request).await).await,
        FaultKind::Huge => huge(next.run(request).await),
        FaultKind::GzipBomb => bomb::answer(),
        FaultKind::Moving => body::moved(request, next, fault.rows).await,
        kind if body::is_drift(kind) => {
            body::changed(next.run(request).await, kind, fault.field.as_deref()).await
        }
        kind => {
            if fault.processed {
                let answer = next.run(request).await;
                drop(answer);
            }
            match kind {
                FaultKind::Hang => std::future::pending().await,
                FaultKind::Reset => Body::from_stream(broken()).into_response(),
                FaultKind::Html => page(&fault),
                _ => status(&fault),
            }
        }
    };
    response.extensions_mut().insert(Spoiled(fault.kind));
    response
}

/// Marks an answer that a fault spoiled, for the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Spoiled(pub FaultKind);

fn status(fault: &Fault) -> Response {
    let status = fault
        .status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = match status {
        StatusCode::TOO_MANY_REQUESTS => error_body("Rate Limit Exceeded", 2020, &[]),
        StatusCode::UNAUTHORIZED => error_body("Authentication failed", 2006, &[]),
        StatusCode::PAYMENT_REQUIRED => error_body(
            "Account does not have the abilities to perform the action.",
            2014,
            &[],
        ),
        StatusCode::FORBIDDEN => error_body("Access Denied", 2010, &[]),
        _ => error_body("Internal Server Error", 2000, &[]),
    };
    with_headers((status, axum::Json(body)).into_response(), fault)
}

fn page(fault: &Fault) -> Response {
    let status = fault
        .status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or(StatusCode::OK);
    let html = "<!doctype html><html lang=\"en\"><title>Something went wrong</title><h1>Something went wrong</h1></html>";
    with_headers((status, axum::response::Html(html)).into_response(), fault)
}

fn with_headers(mut response: Response, fault: &Fault) -> Response {
    for (name, value) in &fault.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// A stream that fails at once: the server gives the connection up before it has written anything.
fn broken() -> impl futures::Stream<Item = Result<Bytes, std::io::Error>> + Send {
    futures::stream::once(async { Err(std::io::Error::other("broken on purpose")) })
}

async fn collect(body: Body) -> Bytes {
    body.collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default()
}

async fn cut(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = collect(body).await;
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let first = futures::stream::iter([Ok(whole.slice(..whole.len() / 2))]);
    // One turn of the scheduler between half and break, so that the first half is really sent.
    let then = futures::stream::once(async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Err(std::io::Error::other("broken on purpose"))
    });
    Response::from_parts(parts, Body::from_stream(first.chain(then)))
}

async fn half(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = collect(body).await;
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(whole.slice(..whole.len() / 2)))
}

async fn slow(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = collect(body).await;
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(whole.len()));
    let drops = futures::stream::iter(0..whole.len()).then(move |at| {
        let drop = whole.slice(at..=at);
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok::<_, std::io::Error>(drop)
        }
    });
    Response::from_parts(parts, Body::from_stream(drops))
}

fn huge(response: Response) -> Response {
    const CHUNK: &[u8] = &[b' '; 65_536];
    const CHUNKS: usize = 1024;
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts
        .headers
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/json"));
    let padding =
        futures::stream::iter((0..CHUNKS).map(|_| Ok::<_, axum::Error>(Bytes::from_static(CHUNK))));
    Response::from_parts(
        parts,
        Body::from_stream(padding.chain(body.into_data_stream())),
    )
}
