//! The HTTP client towards identity providers: deadlines, no redirects, bounded bodies, and errors that tell
//! whether a request may have been carried out.

use std::time::Duration;

use oauth2::{HttpRequest, HttpResponse};
use reqwest::{Client, Response, header::HeaderValue, redirect::Policy};
use tracing::Instrument;

/// Longest time for connecting.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// Longest time for a whole exchange. A code lives 30 s, so it can be used within its life.
pub const EXCHANGE_LIMIT: Duration = Duration::from_secs(10);
/// Largest body we read. A token answer with its id_token has about 3 KiB.
const BODY_LIMIT: usize = 256 * 1024;

/// No usable answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The request never left: no connection.
    #[error("the provider cannot be reached")]
    NotSent,
    /// The request left and its answer did not come, or not whole.
    #[error("the provider's answer was lost")]
    Lost,
}

/// The client.
#[derive(Debug, Clone)]
pub struct Http {
    client: Client,
}

impl Http {
    /// With our deadlines.
    pub fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .timeout(EXCHANGE_LIMIT)
            .redirect(Policy::none())
            .referer(false)
            .user_agent(concat!("quolum/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client })
    }

    /// One exchange. The span has no query and no body: both may hold secrets.
    pub async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let span = tracing::info_span!(
            "identity provider",
            otel.kind = "client",
            otel.name = request.uri().path(),
            status = tracing::field::Empty
        );
        self.send(request).instrument(span).await
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut request = reqwest::Request::try_from(request).map_err(|_| HttpError::NotSent)?;
        let context = chassis::trace::current().and_then(|text| HeaderValue::try_from(text).ok());
        if let Some(context) = context {
            request
                .headers_mut()
                .insert(chassis::trace::TRACEPARENT, context);
        }
        let response = self.client.execute(request).await.map_err(|error| {
            let what = if error.is_connect() {
                HttpError::NotSent
            } else {
                HttpError::Lost
            };
            tracing::warn!(error = %error.without_url(), "no answer from the provider");
            what
        })?;
        tracing::Span::current().record("status", response.status().as_u16());
        read(response).await
    }
}

async fn read(mut response: Response) -> Result<HttpResponse, HttpError> {
    let mut answer = HttpResponse::new(Vec::new());
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    loop {
        let chunk = response.chunk().await.map_err(|error| {
            tracing::warn!(error = %error.without_url(), "the provider's answer broke off");
            HttpError::Lost
        })?;
        let Some(chunk) = chunk else {
            return Ok(answer);
        };
        if answer.body().len() + chunk.len() > BODY_LIMIT {
            tracing::warn!(limit = BODY_LIMIT, "the provider's answer is too large");
            return Err(HttpError::Lost);
        }
        answer.body_mut().extend_from_slice(&chunk);
    }
}
