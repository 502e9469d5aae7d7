//! Who may do what: one table of routes, refused by default; the session behind a cookie; and the
//! proof that a write comes from our own page.

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
use proto::{OrgId, auth::v1::Role};
use sha2::{Digest, Sha256};

use super::{App, Shared, problem::Problem};

/// How long an answer of auth-service is reused: the longest time that a sign-out elsewhere or a
/// change of role goes unnoticed.
const SESSION_REUSE: SignedDuration = SignedDuration::from_secs(5);
/// Remembered sessions; beyond that the expired ones are dropped.
const SESSIONS_KEPT: usize = 4_096;
/// What our own page sends with JSON writes, and a foreign page cannot.
const REQUESTED_WITH: (&str, &str) = ("x-requested-with", "quolum");

/// What a route asks of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Nobody has to be signed in.
    Open,
    /// Any role.
    Read,
    /// May start synchronizations.
    Sync,
    /// May connect and disconnect.
    Manage,
}

/// Every route. One that is missing here answers nobody.
const ROUTES: &[(Method, &str, Access)] = &[
    (Method::GET, "/api/openapi.json", Access::Open),
    (Method::GET, "/api/v1/session", Access::Read),
    (Method::GET, "/api/v1/connections", Access::Read),
    (Method::POST, "/api/v1/connections/{id}/syncs", Access::Sync),
    (
        Method::POST,
        "/api/v1/connections/{id}/disconnect",
        Access::Manage,
    ),
    (Method::GET, "/api/v1/connections/{id}/events", Access::Read),
    (Method::GET, "/api/v1/overview", Access::Read),
    (Method::GET, "/api/v1/features", Access::Read),
    (Method::GET, "/api/v1/users", Access::Read),
    (Method::GET, "/api/v1/users/{id}", Access::Read),
    (Method::GET, "/api/v1/licenses", Access::Read),
    (Method::GET, "/sign-in", Access::Open),
    (Method::POST, "/sign-in", Access::Open),
    (Method::POST, "/sign-out", Access::Open),
    (Method::POST, CONNECT, Access::Manage),
    (Method::GET, "/connect/callback", Access::Open),
    (Method::GET, "/assets/{*path}", Access::Open),
];

/// Posted by a plain HTML form, which cannot send a header.
const CONNECT: &str = "/connect/pagerduty";

/// The person behind a request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) org: OrgId,
    pub(super) org_name: String,
    pub(super) person_id: String,
    pub(super) email: String,
    pub(super) name: String,
    pub(super) role: Role,
}

impl Caller {
    pub(super) fn role_name(&self) -> &'static str {
        match self.role {
            Role::Owner => "owner",
            Role::Admin => "admin",
            Role::Analyst => "analyst",
            Role::Viewer | Role::Unspecified => "viewer",
        }
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

fn allows(access: Access, role: Role) -> bool {
    match access {
        Access::Open => true,
        Access::Read => role != Role::Unspecified,
        Access::Sync => matches!(role, Role::Owner | Role::Admin | Role::Analyst),
        Access::Manage => matches!(role, Role::Owner | Role::Admin),
    }
}

fn access_of(method: &Method, path: &str) -> Option<Access> {
    // HEAD is answered by the GET handler.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let route = ROUTES.iter().find(|(m, p, _)| m == method && *p == path);
    route.map(|(_, _, access)| *access)
}

/// Lets a request through to its handler, or not.
pub(super) async fn guard(
    State(app): State<Shared>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&app, path.as_str(), request.method(), request.headers()).await {
        Ok(caller) => {
            if let Some(caller) = caller {
                request.extensions_mut().insert(caller);
            }
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    }
}

async fn admit(
    app: &App,
    path: &str,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Option<Caller>, Problem> {
    let Some(access) = access_of(method, path) else {
        if ROUTES.iter().any(|(_, known, _)| *known == path) {
            return Err(Problem::method_not_allowed());
        }
        return Err(Problem::forbidden("This address is not open to anybody."));
    };
    if !method.is_safe() {
        same_origin(headers, app.origin.as_str())?;
        if path != CONNECT {
            from_our_page(headers)?;
        }
    }
    if access == Access::Open && path != "/connect/callback" {
        return Ok(None);
    }
    let caller = caller(app, headers).await;
    match (access, caller) {
        (Access::Open, Ok(caller)) => Ok(Some(caller)),
        (Access::Open, Err(problem)) if problem.is_not_signed_in() => Ok(None),
        (_, Err(problem)) => Err(problem),
        (access, Ok(caller)) if allows(access, caller.role) => Ok(Some(caller)),
        (_, Ok(_)) => Err(Problem::forbidden("Your role does not allow this.")),
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

async fn caller(app: &App, headers: &HeaderMap) -> Result<Caller, Problem> {
    let token = app
        .origin
        .session(headers)
        .ok_or_else(Problem::not_signed_in)?;
    let now = app.clock.now();
    let key = hash(&token);
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
        org: organization
            .id
            .parse()
            .map_err(|error| Problem::internal(&error))?,
        org_name: organization.name,
        person_id: person.id,
        email: person.email,
        name: person.name,
        role,
    };
    app.sessions.remember(key, now, caller.clone());
    Ok(caller)
}

type Key = [u8; 32];

fn hash(token: &str) -> Key {
    Sha256::digest(token.as_bytes()).into()
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
        sessions.remove(&hash(token));
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn every_documented_operation_is_in_the_table() {
        let document = serde_json::to_value(super::super::openapi()).expect("serializes");
        for (path, item) in document["paths"].as_object().expect("paths") {
            for method in item.as_object().expect("operations").keys() {
                let method: Method = method.to_uppercase().parse().expect("a method");
                assert!(access_of(&method, path).is_some(), "{method} {path}");
            }
        }
        assert_eq!(
            access_of(&Method::DELETE, "/api/v1/users"),
            None,
            "default deny"
        );
    }

    #[rstest]
    #[case(Role::Owner, true, true, true)]
    #[case(Role::Admin, true, true, true)]
    #[case(Role::Analyst, true, true, false)]
    #[case(Role::Viewer, true, false, false)]
    #[case(Role::Unspecified, false, false, false)]
    fn roles(#[case] role: Role, #[case] read: bool, #[case] sync: bool, #[case] manage: bool) {
        assert_eq!(allows(Access::Read, role), read);
        assert_eq!(allows(Access::Sync, role), sync);
        assert_eq!(allows(Access::Manage, role), manage);
    }

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
