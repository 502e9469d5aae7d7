//! Who asks: the session behind a cookie or the API key, whether the table of [`super::routes`]
//! allows it, and the proof that a write comes from our own page.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use axum::{
    extract::{FromRequestParts, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, Method, request::Parts};
use jiff::{SignedDuration, Timestamp};
use proto::{
    OrgId,
    auth::v1::{AuthenticateApiKeyRequest, Role},
};
use sha2::{Digest, Sha256};

use super::{
    App, Shared,
    asked::check_names,
    limits::Allowance,
    problem::Problem,
    routes::{self, CALLBACK, FORMS, Least, Proof},
    words::PrivacyMode,
};

/// How long an answer of auth-service is reused: the longest time that a sign-out elsewhere or a
/// change of role goes unnoticed.
const SESSION_REUSE: SignedDuration = SignedDuration::from_secs(5);
/// Remembered sessions; beyond that the expired ones are dropped.
const SESSIONS_KEPT: usize = 4_096;
/// What our own page sends with JSON writes, and a foreign page cannot.
const REQUESTED_WITH: (&str, &str) = ("x-requested-with", "quolum");

/// Who is behind a request.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Identity {
    Person(String),
    ApiKey(String),
}

/// Who asks, and for which organization.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) org: OrgId,
    pub(super) org_name: String,
    identity: Identity,
    /// Empty for an API key.
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: Role,
}

impl Caller {
    /// The person's id; what only people may do refuses keys.
    pub(super) fn person(&self) -> Result<String, Problem> {
        match &self.identity {
            Identity::Person(id) => Ok(id.clone()),
            Identity::ApiKey(_) => Err(Problem::forbidden("An API key may not do this.")),
        }
    }

    pub(super) fn id(&self) -> &str {
        match &self.identity {
            Identity::Person(id) | Identity::ApiKey(id) => id,
        }
    }

    /// As the audit log names it.
    pub(super) fn actor(&self) -> String {
        match &self.identity {
            Identity::Person(id) => format!("person:{id}"),
            Identity::ApiKey(id) => format!("api_key:{id}"),
        }
    }

    /// What the audit log shows.
    pub(super) fn actor_name(&self) -> &str {
        if self.name.is_empty() {
            return &self.email;
        }
        &self.name
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts
            .extensions
            .get()
            .cloned()
            .ok_or_else(Problem::not_signed_in)
    }
}

/// Lets a request through to its handler, or not.
pub(super) async fn guard(
    State(app): State<Shared>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let headers = request.headers().clone();
    let query = request.uri().query().unwrap_or_default().to_owned();
    match admit(&app, path.as_str(), request.method(), &headers, &query).await {
        Ok(Admitted { caller, limit }) => {
            let key = caller.as_ref().map(Caller::actor);
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            let mut response = match key {
                Some(_) => super::idempotency::once(&app, path.as_str(), request, next).await,
                None => next.run(request).await,
            };
            if let Some(limit) = limit {
                limit.tell(response.headers_mut());
            }
            response
        }
        Err(problem) => problem.into_response(),
    }
}

struct Admitted {
    caller: Option<Caller>,
    limit: Option<Allowance>,
}

async fn admit(
    app: &App,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
    query: &str,
) -> Result<Admitted, Problem> {
    let Some(route) = routes::find(method, path) else {
        if routes::knows(path) {
            return Err(Problem::method_not_allowed());
        }
        return Err(Problem::forbidden("This address is not open to anybody."));
    };
    let key = bearer(headers)?;
    if key.is_some() && app.origin.session(headers).is_some() {
        return Err(Problem::two_proofs());
    }
    // A key is not sent by a browser on its own, so a foreign page cannot use it.
    if !method.is_safe() && key.is_none() {
        same_origin(headers, app.origin.as_str())?;
        if !FORMS.contains(&path) {
            from_our_page(headers)?;
        }
    }
    let open = route.least == Least::Open;
    if open && path != CALLBACK {
        let limit = app.limits.open(headers)?;
        known_names(app, method, path, query)?;
        return Ok(Admitted {
            caller: None,
            limit: Some(limit),
        });
    }
    let caller = match &key {
        Some(key) if route.proof == Proof::Any => by_key(app, key).await,
        Some(_) => Err(Problem::forbidden("An API key may not do this.")),
        None => by_session(app, headers).await,
    };
    let caller = match caller {
        Err(problem) if open && problem.is_not_signed_in() => None,
        Err(problem) => return Err(problem),
        Ok(caller) => Some(caller),
    };
    let Some(caller) = caller else {
        return Ok(Admitted {
            caller: None,
            limit: None,
        });
    };
    let limit = app.limits.take(&caller.actor())?;
    if !route.least.allows(caller.role) {
        return Err(Problem::forbidden("Your role does not allow this."));
    }
    if route.personal && app.heads.of(app, caller.org).await?.privacy == PrivacyMode::TeamOnly {
        return Err(Problem::people_are_private());
    }
    known_names(app, method, path, query)?;
    Ok(Admitted {
        caller: Some(caller),
        limit: Some(limit),
    })
}

/// The description says which parameters a route has.
fn known_names(app: &App, method: &Method, path: &str, query: &str) -> Result<(), Problem> {
    if query.is_empty() || !(path.starts_with("/api/v1/")) {
        return Ok(());
    }
    let none = Vec::new();
    let known = app
        .parameters
        .get(&(method.as_str().to_owned(), path.to_owned()));
    check_names(query, known.unwrap_or(&none))
}

/// The key of `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get(http::header::AUTHORIZATION) else {
        return Ok(None);
    };
    let text = value.to_str().ok();
    let key = text.and_then(|text| text.split_once(' '));
    match key {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") && !key.trim().is_empty() => {
            Ok(Some(key.trim().to_owned()))
        }
        _ => Err(Problem::not_signed_in()),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// A write must come from our own origin, as the browser tells. Telling nothing is no proof.
fn same_origin(headers: &HeaderMap, own: &str) -> Result<(), Problem> {
    let site = header(headers, "sec-fetch-site");
    let origin = header(headers, "origin");
    let told = site.is_some() || origin.is_some();
    if told && site.is_none_or(|site| site == "same-origin") && origin.is_none_or(|one| one == own)
    {
        return Ok(());
    }
    Err(Problem::forbidden(
        "The request does not come from this site.",
    ))
}

fn from_our_page(headers: &HeaderMap) -> Result<(), Problem> {
    let (name, value) = REQUESTED_WITH;
    if header(headers, name) == Some(value) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "The header X-Requested-With is missing.",
    ))
}

async fn by_session(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let token = app
        .origin
        .session(headers)
        .ok_or_else(Problem::not_signed_in)?;
    let now = app.clock.now();
    let key = hash("session", &token);
    if let Some(caller) = app.sessions.recall(&key, now) {
        return Ok(caller);
    }
    let answer = app.auth.session(token).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, "The sign-in service"))?;
    let role = answer.role();
    let (Some(person), Some(organization)) = (answer.person, answer.organization) else {
        return Err(Problem::not_signed_in());
    };
    let caller = Caller {
        org: org_of(&organization.id)?,
        org_name: organization.name,
        identity: Identity::Person(person.id),
        email: person.email,
        name: person.name,
        role,
    };
    app.sessions.remember(key, now, caller.clone());
    Ok(caller)
}

async fn by_key(app: &App, api_key: &str) -> Result<Caller, Problem> {
    let now = app.clock.now();
    let key = hash("api key", api_key);
    if let Some(caller) = app.sessions.recall(&key, now) {
        return Ok(caller);
    }
    let message = AuthenticateApiKeyRequest {
        api_key: api_key.to_owned(),
    };
    let answer = app.auth.authenticate_api_key(message).await;
    let answer = answer.map_err(|status| Problem::of_peer(&status, "The sign-in service"))?;
    let role = answer.role();
    let organization = answer.organization.ok_or_else(Problem::not_signed_in)?;
    let caller = Caller {
        org: org_of(&organization.id)?,
        org_name: organization.name,
        identity: Identity::ApiKey(answer.api_key_id),
        email: String::new(),
        name: answer.name,
        role,
    };
    app.sessions.remember(key, now, caller.clone());
    Ok(caller)
}

fn org_of(id: &str) -> Result<OrgId, Problem> {
    id.parse().map_err(|error| Problem::internal(&error))
}

type Key = [u8; 32];

/// Of the kind too: a session's secret is no key and a key no session.
fn hash(kind: &str, token: &str) -> Key {
    let mut hash = Sha256::new();
    hash.update(kind);
    hash.update([0]);
    hash.update(token);
    hash.finalize().into()
}

/// Sessions that auth-service has vouched for within the last seconds, by the hash of the secret.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<HashMap<Key, (Timestamp, Caller)>>);

impl Sessions {
    fn recall(&self, key: &Key, now: Timestamp) -> Option<Caller> {
        let sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, caller) = sessions.get(key)?;
        (now.duration_since(*since) < SESSION_REUSE).then(|| caller.clone())
    }

    fn remember(&self, key: Key, now: Timestamp, caller: Caller) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= SESSIONS_KEPT {
            sessions.retain(|_, (since, _)| now.duration_since(*since) < SESSION_REUSE);
        }
        if sessions.len() < SESSIONS_KEPT {
            sessions.insert(key, (now, caller));
        }
    }

    /// A signed-out session is gone at once in this process.
    pub(super) fn forget(&self, token: &str) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.remove(&hash("session", token));
    }

    /// After members or keys of an organization were changed.
    pub(super) fn forget_all_of(&self, org: OrgId) {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, (_, caller)| caller.org != org);
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&[("origin", "https://q.example")], true)]
    #[case(&[("sec-fetch-site", "same-origin")], true)]
    #[case(&[("sec-fetch-site", "same-origin"), ("origin", "https://q.example")], true)]
    #[case(&[], false)]
    #[case(&[("origin", "null")], false)]
    #[case(&[("origin", "https://evil.example")], false)]
    #[case(&[("sec-fetch-site", "same-site"), ("origin", "https://q.example")], false)]
    #[case(&[("sec-fetch-site", "cross-site")], false)]
    fn writes_must_come_from_our_own_origin(
        #[case] sent: &'static [(&'static str, &'static str)],
        #[case] accepted: bool,
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in sent {
            headers.insert(*name, value.parse().expect("a value"));
        }
        assert_eq!(same_origin(&headers, "https://q.example").is_ok(), accepted);
    }
}
