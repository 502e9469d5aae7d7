//! One request to PagerDuty: its headers, its deadline, the limit on its body, and what its status
//! means. No retries: those are the session's.

use std::time::Duration;

use reqwest::{Method, Response, StatusCode, header::HeaderMap, redirect::Policy};
use serde::Deserialize;
use url::Url;

use super::failure::{Attempt, Failure};
use crate::{credential::TokenLease, rate::Hint};

/// From the first byte sent to the last one received.
const DEADLINE: Duration = Duration::from_secs(30);
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);
/// Largest answer that is read, after decompression; a page of 100 records is below 1 MiB.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
/// Wait after a 429 that does not say for how long.
const DEFAULT_RESET: Duration = Duration::from_secs(30);
const ACCEPT: &str = "application/vnd.pagerduty+json;version=2";

/// A request before it is sent. The path is appended to the region's base; links in answers are
/// never followed.
#[derive(Debug, Clone)]
pub struct Call {
    /// For example `/users`.
    pub path: String,
    /// Query parameters in order.
    pub query: Vec<(&'static str, String)>,
    /// JSON body; makes the request a POST.
    pub body: Option<String>,
    /// Removes what the path names.
    pub deletes: bool,
}

/// An attempt's end: its status (0 when none came), the rate hint, and the body or what went wrong.
#[derive(Debug)]
pub struct Attempted {
    /// HTTP status or 0.
    pub status: u16,
    /// What the headers say about the rate limit.
    pub hint: Option<Hint>,
    /// The body, or the reason why there is none.
    pub result: Result<Vec<u8>, Attempt>,
}

/// The HTTP client, shared by all connections.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: ErrorDetail,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorDetail {
    message: Option<String>,
    code: Option<i64>,
    errors: Vec<String>,
}

impl Call {
    /// Asks for what the path names.
    pub fn get(path: String, query: Vec<(&'static str, String)>) -> Self {
        Self {
            path,
            query,
            body: None,
            deletes: false,
        }
    }

    /// Sends a body to what the path names.
    pub fn post(path: String, body: String) -> Self {
        Self {
            body: Some(body),
            ..Self::get(path, Vec::new())
        }
    }

    /// Removes what the path names.
    pub fn delete(path: String) -> Self {
        Self {
            deletes: true,
            ..Self::get(path, Vec::new())
        }
    }

    /// The same question for one record, where a number of records is asked for at all.
    #[must_use]
    pub fn at_most_one(mut self) -> Self {
        for (name, value) in &mut self.query {
            if *name == "limit" {
                "1".clone_into(value);
            }
        }
        self.query.retain(|(name, _)| *name != "total");
        let asked = self.body.as_deref().map(serde_json::from_str);
        if let Some(Ok(serde_json::Value::Object(mut fields))) = asked {
            if let Some(limit) = fields.get_mut("limit") {
                *limit = 1.into();
            }
            self.body = Some(serde_json::Value::Object(fields).to_string());
        }
        self
    }

    fn method(&self) -> Method {
        match (self.deletes, &self.body) {
            (true, _) => Method::DELETE,
            (false, Some(_)) => Method::POST,
            (false, None) => Method::GET,
        }
    }
}

impl Api {
    /// A client that follows no redirect (the token would go along).
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with_deadline(DEADLINE)
    }

    /// With another deadline than the default one.
    pub fn with_deadline(deadline: Duration) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .timeout(deadline)
            .connect_timeout(CONNECT_DEADLINE)
            .redirect(Policy::none())
            .user_agent(concat!("quolum-ingest/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http })
    }

    /// Sends one request.
    pub async fn send(&self, base: &Url, token: &TokenLease, call: &Call) -> Attempted {
        let url = format!("{}{}", base.as_str().trim_end_matches('/'), call.path);
        let mut request = self
            .http
            .request(call.method(), url)
            .query(&call.query)
            .header("Authorization", token.authorization())
            .header("Accept", ACCEPT)
            .header("Content-Type", "application/json");
        if let Some(traceparent) = chassis::trace::current() {
            request = request.header(chassis::trace::TRACEPARENT, traceparent);
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        match request.send().await {
            Ok(response) => read(response).await,
            Err(error) => Attempted {
                status: 0,
                hint: None,
                result: Err(Attempt::Transient(network_reason(&error))),
            },
        }
    }
}

async fn read(response: Response) -> Attempted {
    let status = response.status();
    let hint = hint(response.headers());
    let reset = reset(response.headers());
    let body = body(response).await;
    let result = match (status, body) {
        (StatusCode::TOO_MANY_REQUESTS, _) => {
            Err(Attempt::RateLimited(reset.unwrap_or(DEFAULT_RESET)))
        }
        (StatusCode::UNAUTHORIZED, _) => Err(Attempt::Unauthorized),
        (status, Ok(body)) if status.is_success() => Ok(body),
        (status, Err(attempt)) if status.is_success() => Err(attempt),
        (status, body) => Err(refusal(status, &body.unwrap_or_default())),
    };
    Attempted {
        status: status.as_u16(),
        hint,
        result,
    }
}

async fn body(mut response: Response) -> Result<Vec<u8>, Attempt> {
    let announced = response.content_length().unwrap_or(0);
    let announced = usize::try_from(announced).unwrap_or(BODY_LIMIT);
    let mut body = Vec::with_capacity(announced.min(BODY_LIMIT));
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() > BODY_LIMIT => {
                return Err(Attempt::Transient(
                    "PagerDuty's answer is larger than 16 MiB".to_owned(),
                ));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(Attempt::Transient(network_reason(&error))),
        }
    }
}

/// What a status other than success, 401 and 429 means.
fn refusal(status: StatusCode, body: &[u8]) -> Attempt {
    let ErrorBody { error } = serde_json::from_slice(body).unwrap_or_default();
    let code = error.code.unwrap_or(0);
    let code_of_offsets = 2002;
    let failure = match status {
        StatusCode::PAYMENT_REQUIRED => Failure::NotInPlan,
        StatusCode::FORBIDDEN => Failure::Forbidden(public_words(&error)),
        StatusCode::NOT_FOUND => Failure::NotFound,
        StatusCode::BAD_REQUEST if code == code_of_offsets || speaks_of_offset(&error) => {
            Failure::TooDeep
        }
        StatusCode::REQUEST_TIMEOUT => {
            return Attempt::Transient("PagerDuty answers 408".to_owned());
        }
        status if status.is_client_error() => Failure::Refused {
            status: status.as_u16(),
            code,
        },
        status => return Attempt::Transient(format!("PagerDuty answers {}", status.as_u16())),
    };
    Attempt::Final(failure)
}

fn speaks_of_offset(error: &ErrorDetail) -> bool {
    let texts = error.message.iter().chain(&error.errors);
    texts
        .into_iter()
        .any(|text| text.to_ascii_lowercase().contains("offset"))
}

/// PagerDuty's own words, short enough and without control characters: they name scope or role.
fn public_words(error: &ErrorDetail) -> String {
    const LONGEST: usize = 160;
    let texts: Vec<&str> = error
        .message
        .iter()
        .chain(&error.errors)
        .map(String::as_str)
        .collect();
    let text: String = texts
        .join(": ")
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST)
        .collect();
    if text.is_empty() {
        "PagerDuty answers 403".to_owned()
    } else {
        text
    }
}

/// Without the URL and without the chain of causes.
fn network_reason(error: &reqwest::Error) -> String {
    let reason = if error.is_timeout() {
        "PagerDuty did not answer in time"
    } else if error.is_connect() {
        "PagerDuty cannot be reached"
    } else if error.is_decode() {
        "PagerDuty's answer cannot be decompressed"
    } else {
        "the connection to PagerDuty broke"
    };
    reason.to_owned()
}

fn number(headers: &HeaderMap, name: &str) -> Option<i64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

fn hint(headers: &HeaderMap) -> Option<Hint> {
    Some(Hint {
        limit: number(headers, "ratelimit-limit")?,
        remaining: number(headers, "ratelimit-remaining")?,
        reset_seconds: number(headers, "ratelimit-reset")?,
    })
}

fn reset(headers: &HeaderMap) -> Option<Duration> {
    let seconds = number(headers, "ratelimit-reset").or_else(|| number(headers, "retry-after"))?;
    Some(Duration::from_secs(u64::try_from(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        match refusal(
            StatusCode::from_u16(status).expect("a status"),
            body.as_bytes(),
        ) {
            Attempt::Final(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_wording_of_the_offset_limit_means_split() {
        let new = r#"{"error":{"message":"Invalid Input Provided","code":2001,"errors":["Offset+limit exceeds maximum allowed value of 10000"]}}"#;
        assert_eq!(failure(400, new), Failure::TooDeep);
        assert_eq!(
            failure(
                400,
                r#"{"error":{"message":"Arguments Caused Error","code":2002}}"#
            ),
            Failure::TooDeep
        );
        assert_eq!(
            failure(
                400,
                r#"{"error":{"message":"Offset must be less than 10001"}}"#
            ),
            Failure::TooDeep
        );
        assert_eq!(
            failure(400, "{}"),
            Failure::Refused {
                status: 400,
                code: 0
            }
        );
    }

    #[test]
    fn a_403_says_what_is_missing() {
        let body = r#"{"error":{"message":"Access Denied","code":2010,"errors":["The token lacks the scope licenses.read.\n"]}}"#;
        let words = "Access Denied: The token lacks the scope licenses.read.";
        assert_eq!(failure(403, body), Failure::Forbidden(words.to_owned()));
        assert_eq!(
            failure(403, "<html>"),
            Failure::Forbidden("PagerDuty answers 403".to_owned())
        );
    }

    #[test]
    fn server_errors_and_redirects_are_repeated() {
        for status in [301, 302, 408, 500, 502, 503, 504] {
            let attempt = refusal(StatusCode::from_u16(status).expect("a status"), b"");
            assert!(matches!(attempt, Attempt::Transient(_)), "{status}");
        }
    }
}
