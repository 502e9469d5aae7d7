//! The authorization endpoint: checks the request, signs the user in, asks for consent, sends the browser back.
//!
//! A request whose client or redirect URI is wrong never leaves PagerDuty: the browser sees a page and the app hears
//! nothing. All other mistakes go back to the app.

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use url::Url;

use super::app::{App, AppKind};
use super::store::{CODE_SECONDS, Code};
use super::{TokenOwner, page, scope};
use crate::state::AppState;

const DENIED: &str = "The resource owner or authorization server denied the request.";
const BAD_REDIRECT: &str = "Invalid or missing value for redirect_uri parameter";

/// The parameters of the authorization request.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Parameters {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    scope: Option<String>,
    state: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
}

/// A consent under way: the checked request and, once known, who is signed in.
#[derive(Clone, Debug)]
pub struct Consent {
    client_id: String,
    /// As asked, letter by letter: the token request must repeat it.
    asked_redirect_uri: String,
    redirect_uri: Url,
    state: Option<String>,
    challenge: Option<String>,
    scopes: BTreeSet<String>,
    signed_in: Option<SignedIn>,
    pub(super) asked_at: Timestamp,
}

#[derive(Clone, Debug)]
struct SignedIn {
    account: String,
    user_id: String,
}

/// Why an authorization request goes no further.
#[derive(Clone, Debug)]
pub enum Turned {
    /// PagerDuty's own page; nothing goes back to the app.
    Page(&'static str),
    /// Back to the app with an error.
    Back(String),
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        match self {
            Self::Page(message) => page::refusal(message),
            Self::Back(location) => redirect(&location),
        }
    }
}

/// The answer of the sign-in form.
#[derive(Debug, Deserialize)]
pub struct Credentials {
    transaction: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

/// The answer of the consent form.
#[derive(Debug, Deserialize)]
pub struct Decision {
    transaction: String,
    #[serde(default)]
    decision: String,
}

/// `GET /oauth/authorize`: the sign-in page.
pub async fn show(State(state): State<AppState>, Query(parameters): Query<Parameters>) -> Response {
    match begin(&state, parameters) {
        Ok(transaction) => page::sign_in(&transaction, "", None),
        Err(turned) => turned.into_response(),
    }
}

/// `POST /oauth/authorize/sign-in`: the consent page, or the sign-in page again.
pub async fn sign_in(State(state): State<AppState>, Form(form): Form<Credentials>) -> Response {
    match identify(&state, &form) {
        Ok(consent) => {
            let account = consent
                .signed_in
                .as_ref()
                .map_or("", |signed_in| &signed_in.account);
            let app_name = state
                .identity
                .app(&consent.client_id)
                .map_or("", |app| app.name);
            page::consent(&form.transaction, account, app_name, &consent.scopes)
        }
        Err(NotIdentified::Gone) => {
            page::refusal("This authorization request has expired. Go back to the application.")
        }
        Err(NotIdentified::Wrong) => page::sign_in(
            &form.transaction,
            &form.email,
            Some("The email address or the password is wrong."),
        ),
    }
}

/// `POST /oauth/authorize/consent`: back to the app with a code or a refusal.
pub async fn decide(State(state): State<AppState>, Form(form): Form<Decision>) -> Response {
    match conclude(&state, &form.transaction, &form.decision) {
        Some(location) => redirect(&location),
        None => {
            page::refusal("This authorization request has expired. Go back to the application.")
        }
    }
}

/// The whole way of a browser at once, for tests without pages: answers where the browser is sent back to.
pub fn walk(
    state: &AppState,
    authorize_url: &str,
    email: &str,
    decision: &str,
) -> Result<String, String> {
    let url = Url::parse(authorize_url).map_err(|error| error.to_string())?;
    let query = url.query().unwrap_or_default();
    let parameters = Parameters::from_query(query);
    let transaction = match begin(state, parameters) {
        Ok(transaction) => transaction,
        Err(Turned::Back(location)) => return Ok(location),
        Err(Turned::Page(message)) => return Err(message.to_owned()),
    };
    let form = Credentials {
        transaction,
        email: email.to_owned(),
        password: "secret".to_owned(),
    };
    identify(state, &form).map_err(|_| format!("nobody signs in as {email}"))?;
    conclude(state, &form.transaction, decision)
        .ok_or_else(|| "the decision is neither allow nor deny".to_owned())
}

impl Parameters {
    fn from_query(query: &str) -> Self {
        let mut parameters = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "client_id" => &mut parameters.client_id,
                "redirect_uri" => &mut parameters.redirect_uri,
                "response_type" => &mut parameters.response_type,
                "scope" => &mut parameters.scope,
                "state" => &mut parameters.state,
                "code_challenge" => &mut parameters.code_challenge,
                "code_challenge_method" => &mut parameters.code_challenge_method,
                _ => continue,
            };
            *field = Some(value.into_owned());
        }
        parameters
    }
}

/// Checks a request and remembers it.
fn begin(state: &AppState, parameters: Parameters) -> Result<String, Turned> {
    let identity = &state.identity;
    let client_id = parameters.client_id.as_deref().unwrap_or_default();
    let app = identity.app(client_id).ok_or(Turned::Page(
        "Invalid or missing value for client_id parameter",
    ))?;
    let asked = parameters.redirect_uri.as_deref().unwrap_or_default();
    let redirect_uri = Url::parse(asked)
        .ok()
        .filter(|_| identity.is_registered_redirect(asked))
        .ok_or(Turned::Page(BAD_REDIRECT))?;
    if !identity.is_installed(client_id) {
        return Err(Turned::Page(
            "The application is not installed in this account",
        ));
    }
    let challenge = check_protocol(app, &parameters).map_err(|(error, description)| {
        Turned::Back(answer(
            &redirect_uri,
            parameters.state.as_deref(),
            &[("error", error), ("error_description", description)],
        ))
    })?;
    let requested = parameters.scope.as_deref().unwrap_or_default();
    let consent = Consent {
        client_id: client_id.to_owned(),
        asked_redirect_uri: asked.to_owned(),
        redirect_uri,
        state: parameters.state.clone(),
        challenge,
        scopes: scope::granted(app.kind, requested, identity.grant_cap().as_ref()),
        signed_in: None,
        asked_at: state.clock.now(),
    };
    Ok(identity.store().add_consent(consent))
}

/// The rules whose breach is told to the app; answers the S256 challenge.
fn check_protocol(
    app: &App,
    parameters: &Parameters,
) -> Result<Option<String>, (&'static str, &'static str)> {
    if parameters.response_type.as_deref() != Some("code") {
        return Err(("unsupported_response_type", "response_type must be code"));
    }
    if parameters
        .scope
        .as_deref()
        .is_none_or(|scope| scope.trim().is_empty())
    {
        return Err(("invalid_scope", "The scope parameter is required"));
    }
    let challenge = parameters
        .code_challenge
        .clone()
        .filter(|challenge| !challenge.is_empty());
    if challenge.is_none() && app.kind == AppKind::Scoped {
        return Err(("invalid_request", "code_challenge is required"));
    }
    if challenge.is_some() && parameters.code_challenge_method.as_deref() != Some("S256") {
        return Err(("invalid_request", "code_challenge_method must be S256"));
    }
    Ok(challenge)
}

enum NotIdentified {
    Gone,
    Wrong,
}

/// Signs a user in: any password but `wrong`; the address decides the account.
fn identify(state: &AppState, form: &Credentials) -> Result<Consent, NotIdentified> {
    let mut store = state.identity.store();
    let consent = store
        .consents
        .get_mut(&form.transaction)
        .ok_or(NotIdentified::Gone)?;
    let email = form.email.trim();
    let account = state.accounts.iter().find(|account| {
        account.admin.email.eq_ignore_ascii_case(email) && !account.admin.is_deleted()
    });
    let account = account
        .filter(|_| !form.password.is_empty() && form.password != "wrong")
        .ok_or(NotIdentified::Wrong)?;
    consent.signed_in = Some(SignedIn {
        account: account.subdomain.clone(),
        user_id: account.admin.user_id.clone(),
    });
    Ok(consent.clone())
}

/// Ends a consent: where the browser goes. `None` when there is no such consent, or nobody signed in.
fn conclude(state: &AppState, transaction: &str, decision: &str) -> Option<String> {
    let mut store = state.identity.store();
    let consent = store.consents.get(transaction)?.clone();
    let signed_in = consent.signed_in.as_ref()?;
    let echoed = consent.state.as_deref();
    let location = match decision {
        "deny" => answer(
            &consent.redirect_uri,
            echoed,
            &[("error", "access_denied"), ("error_description", DENIED)],
        ),
        "allow" => {
            let app = state.identity.app(&consent.client_id)?;
            let code = store.add_code(Code {
                client_id: consent.client_id.clone(),
                redirect_uri: consent.asked_redirect_uri.clone(),
                challenge: consent.challenge.clone(),
                owner: TokenOwner::user(
                    &signed_in.account,
                    &signed_in.user_id,
                    app,
                    consent.scopes.clone(),
                ),
                expires_at: state.clock.now() + SignedDuration::from_secs(CODE_SECONDS),
                used: false,
                grant: None,
            });
            answer(&consent.redirect_uri, echoed, &[("code", &code)])
        }
        _ => return None,
    };
    store.consents.remove(transaction);
    Some(location)
}

/// The redirect URI with the answer in its query, and the state echoed.
fn answer(redirect_uri: &Url, state: Option<&str>, pairs: &[(&str, &str)]) -> String {
    let mut location = redirect_uri.clone();
    {
        let mut query = location.query_pairs_mut();
        query.extend_pairs(pairs);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
    }
    location.into()
}

fn redirect(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(value) => (StatusCode::FOUND, [(LOCATION, value)]).into_response(),
        Err(_) => page::refusal(BAD_REDIRECT),
    }
}
