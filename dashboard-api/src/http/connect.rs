//! The consent round trip as the browser makes it: out to PagerDuty and back to the page it
//! started from. What a consent means is auth-service's business.

use axum::{
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use proto::{
    ConnectionId, OrgId,
    auth::v1::{BeginRequest, CompleteRequest, CompleteResponse, ConsentOutcome},
};
use rand::Rng as _;
use serde::Deserialize;
use tracing::Instrument;

use super::{App, Shared, access::Caller, cookies, headers::RequestId, problem::Problem};

const START: &str = "/connections";
/// Where an invited person ends.
const INVITED: &str = "/invite/done";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Connect {
    return_to: String,
    connection_id: Option<String>,
}

impl Connect {
    /// From a plain HTML form or from JSON.
    fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let kind = kind
            .and_then(|kind| kind.split(';').next())
            .unwrap_or_default();
        match kind.trim() {
            "application/json" => serde_json::from_slice(body)
                .map_err(|_| Problem::invalid_body("#", "This is no JSON object.")),
            "application/x-www-form-urlencoded" => Ok(Self::from_form(body)),
            _ => Err(Problem::invalid_body("#", "Send a form or JSON.")),
        }
    }

    fn from_form(body: &[u8]) -> Self {
        let mut connect = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            match name.as_ref() {
                "return_to" => connect.return_to = value.into_owned(),
                "connection_id" if !value.is_empty() => {
                    connect.connection_id = Some(value.into_owned());
                }
                _ => {}
            }
        }
        connect
    }
}

pub(super) async fn begin(
    State(app): State<Shared>,
    caller: Caller,
    axum::Extension(RequestId(request_id)): axum::Extension<RequestId>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let connect = Connect::parse(&headers, &body)?;
    let from_form = !is_json(&headers);
    let return_to = if connect.return_to.is_empty() {
        START.to_owned()
    } else {
        connect.return_to
    };
    let binding = new_binding();
    let answer = app
        .auth
        .begin_consent(BeginRequest {
            org_id: caller.org.to_string(),
            person_id: caller.person()?,
            return_to: return_to.clone(),
            browser_binding: binding.clone(),
            connection_id: connect.connection_id,
        })
        .await;
    match answer {
        Ok(answer) => redirect(&answer.authorize_url, app.origin.set_binding(&binding)),
        // A form's answer is a page: it goes back to the one it was on.
        Err(status) if from_form => {
            let target = with_outcome(&return_to, not_begun(&status), &request_id);
            redirect(&target, None)
        }
        Err(status) => Err(Problem::of_peer(&status, "The consent service")),
    }
}

/// Why a consent could not begin, in the words of its outcomes.
fn not_begun(status: &tonic::Status) -> &'static str {
    tracing::warn!(code = ?status.code(), message = status.message(), "no consent was begun");
    match status.code() {
        tonic::Code::FailedPrecondition => "app_not_installed",
        tonic::Code::InvalidArgument | tonic::Code::NotFound => "state_refused",
        _ => "provider_unavailable",
    }
}

/// The value that ties a round trip to the browser that began it.
pub(super) fn new_binding() -> String {
    let mut secret = [0_u8; 32];
    rand::rng().fill_bytes(&mut secret);
    URL_SAFE_NO_PAD.encode(secret)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/json"))
}

pub(super) async fn complete(
    State(app): State<Shared>,
    caller: Option<axum::Extension<Caller>>,
    axum::Extension(RequestId(request_id)): axum::Extension<RequestId>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let query = query.unwrap_or_default();
    let given = |name: &str| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    let answer = app
        .auth
        .complete_consent(CompleteRequest {
            state: given("state"),
            code: given("code"),
            error: given("error"),
            browser_binding: cookies::read(&headers, cookies::BINDING).unwrap_or_default(),
            person_id: caller
                .and_then(|caller| caller.0.person().ok())
                .unwrap_or_default(),
        })
        .await;
    let answer = answer.unwrap_or_else(|status| unanswered(&status));
    let outcome = outcome_name(answer.outcome());
    if answer.outcome() == ConsentOutcome::Connected {
        start_first_sync(&app, &answer).await;
    }
    // Whoever was invited has no pages here but the one that says how it went.
    let return_to = if answer.invited {
        INVITED
    } else {
        &answer.return_to
    };
    let target = with_outcome(return_to, outcome, &request_id);
    redirect(&target, app.origin.clear_binding())
}

/// The browser comes back even when auth-service is away or refuses the call.
fn unanswered(status: &tonic::Status) -> CompleteResponse {
    tracing::warn!(code = ?status.code(), message = status.message(), "the consent was not completed");
    let outcome = match status.code() {
        tonic::Code::InvalidArgument | tonic::Code::NotFound => ConsentOutcome::StateRefused,
        _ => ConsentOutcome::ProviderUnavailable,
    };
    CompleteResponse {
        outcome: outcome.into(),
        return_to: START.to_owned(),
        ..CompleteResponse::default()
    }
}

/// Joins the trace of the Connect click. A sync that does not start now is started by the
/// scheduler, so a failure is no reason to tell the person that connecting failed.
async fn start_first_sync(app: &App, answer: &CompleteResponse) {
    let span = tracing::info_span!("first sync");
    chassis::trace::adopt(&span, &answer.traceparent);
    let connection = answer
        .connection
        .as_ref()
        .map(|connection| connection.id.as_str());
    let ids = (
        answer.org_id.parse::<OrgId>(),
        connection.unwrap_or_default().parse::<ConnectionId>(),
    );
    let (Ok(org), Ok(connection)) = ids else {
        tracing::error!("a completed consent names no organization and connection");
        return;
    };
    if let Err(status) = app.ingest.start(org, connection).instrument(span).await {
        tracing::warn!(code = ?status.code(), message = status.message(), "the first sync did not start");
    }
}

fn outcome_name(outcome: ConsentOutcome) -> &'static str {
    match outcome {
        ConsentOutcome::Connected => "connected",
        ConsentOutcome::Denied => "denied",
        ConsentOutcome::Unspecified | ConsentOutcome::StateRefused => "state_refused",
        ConsentOutcome::WrongAccount => "wrong_account",
        ConsentOutcome::NoAccess => "no_access",
        ConsentOutcome::IdentityRefused => "identity_refused",
        ConsentOutcome::ProviderUnavailable => "provider_unavailable",
        ConsentOutcome::AppNotInstalled => "app_not_installed",
    }
}

/// A path of our own, or the other one.
pub(super) fn own_path(path: &str, otherwise: &str) -> String {
    let own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(['\\', '\r', '\n', '\t']);
    if own { path } else { otherwise }.to_owned()
}

/// The page to come back to, told how it went. Only a path of our own is followed.
pub(super) fn with_outcome(return_to: &str, outcome: &str, request_id: &str) -> String {
    let path = own_path(return_to, START);
    let (path, fragment) = path
        .split_once('#')
        .map_or((path.as_str(), None), |(p, f)| (p, Some(f)));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let kept = url::form_urlencoded::parse(query.as_bytes())
        .filter(|(name, _)| name != "consent" && name != "request_id");
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("consent", outcome)
        .append_pair("request_id", request_id)
        .finish();
    let fragment = fragment.map(|text| format!("#{text}")).unwrap_or_default();
    format!("{path}?{query}{fragment}")
}

pub(super) fn redirect(target: &str, cookie: Option<HeaderValue>) -> Result<Response, Problem> {
    let location = HeaderValue::from_str(target).map_err(|error| Problem::internal(&error))?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    if let Some(cookie) = cookie {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("/connections", "/connections?consent=denied&request_id=r1")]
    #[case("/x?team=P1&consent=old", "/x?team=P1&consent=denied&request_id=r1")]
    #[case("/x#part", "/x?consent=denied&request_id=r1#part")]
    #[case("https://evil.example/", "/connections?consent=denied&request_id=r1")]
    #[case("//evil.example/", "/connections?consent=denied&request_id=r1")]
    #[case("/\\evil.example", "/connections?consent=denied&request_id=r1")]
    fn the_outcome_is_told_to_a_page_of_our_own(#[case] return_to: &str, #[case] expected: &str) {
        assert_eq!(with_outcome(return_to, "denied", "r1"), expected);
    }

    #[test]
    fn a_form_may_leave_the_connection_out() {
        let connect = Connect::from_form(b"return_to=%2Foverview&connection_id=");
        assert_eq!(connect.return_to, "/overview");
        assert_eq!(connect.connection_id, None);
    }
}
