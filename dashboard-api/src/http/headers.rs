//! Around every request: its id, its span, its metrics, and the headers that every answer wears.

use std::time::Instant;

use anyhow::Context as _;
use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderName, HeaderValue, header};
use tracing::Instrument;

use super::{Shared, problem::Problem};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, for handlers that show it.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) String);

/// The constant headers.
#[derive(Debug)]
pub(crate) struct SecurityHeaders(Vec<(HeaderName, HeaderValue)>);

impl SecurityHeaders {
    pub(super) fn new(form_targets: &str) -> anyhow::Result<Self> {
        let policy = format!(
            "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
             img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
             form-action 'self' {form_targets}"
        );
        let policy = policy.parse().context("the form targets make no header")?;
        Ok(Self(vec![
            (header::CONTENT_SECURITY_POLICY, policy),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            // `no-referrer` would make the browser hide the origin of the Connect form.
            (
                header::REFERRER_POLICY,
                HeaderValue::from_static("same-origin"),
            ),
            (
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static("same-origin"),
            ),
        ]))
    }
}

/// Runs a request and dresses its answer.
pub(super) async fn dress(State(app): State<Shared>, mut request: Request, next: Next) -> Response {
    let id = uuid::Uuid::now_v7().to_string();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("page", |path| path.as_str())
        .to_owned();
    let span = tracing::info_span!(
        "http",
        otel.name = %format!("{} {route}", request.method()),
        otel.kind = "server",
        request_id = %id
    );
    chassis::trace::adopt_headers(&span, request.headers());
    request.extensions_mut().insert(RequestId(id.clone()));
    let started = Instant::now();
    let mut response = next.run(request).instrument(span).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.render(&id);
    }
    let seconds = started.elapsed().as_secs_f64();
    app.metrics
        .request_answered(&route, response.status().as_u16(), seconds);
    let headers = response.headers_mut();
    for (name, value) in &app.security.0 {
        headers.insert(name, value.clone());
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}
