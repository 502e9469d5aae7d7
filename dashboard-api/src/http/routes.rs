//! Who may do what: one line for each route. A route that is missing here answers nobody.

use http::Method;
use proto::auth::v1::Role;

use super::words::{RoleName, Word};

/// The least role that a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Least {
    /// Nobody has to be signed in.
    Open,
    Viewer,
    Analyst,
    Admin,
}

impl Least {
    pub(super) fn allows(self, role: Role) -> bool {
        let rank = match role {
            Role::Owner | Role::Admin => Self::Admin,
            Role::Analyst => Self::Analyst,
            Role::Viewer => Self::Viewer,
            Role::Unspecified => Self::Open,
        };
        rank >= self
    }
}

/// What may prove who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// A person's session only: what is done needs a person.
    Session,
    /// A session or an API key.
    Any,
}

/// One route.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) least: Least,
    pub(super) proof: Proof,
    /// Shows or concerns single people of the account; closed where only teams are shown.
    pub(super) personal: bool,
}

const fn route(method: Method, path: &'static str, least: Least, proof: Proof) -> Route {
    Route {
        method,
        path,
        least,
        proof,
        personal: false,
    }
}

const fn open(method: Method, path: &'static str) -> Route {
    route(method, path, Least::Open, Proof::Any)
}

/// Figures and settings, for machines too.
const fn read(path: &'static str) -> Route {
    route(Method::GET, path, Least::Viewer, Proof::Any)
}

const fn person(path: &'static str) -> Route {
    personal(read(path))
}

const fn personal(mut route: Route) -> Route {
    route.personal = true;
    route
}

const fn any(method: Method, path: &'static str, least: Least) -> Route {
    route(method, path, least, Proof::Any)
}

const fn session(method: Method, path: &'static str, least: Least) -> Route {
    route(method, path, least, Proof::Session)
}

/// Posted by a plain HTML form, which cannot send a header.
pub(super) const FORMS: [&str; 3] = ["/connect/pagerduty", "/sign-in/oidc", "/invite/accept"];
/// Open, and yet told who is signed in.
pub(super) const CALLBACK: &str = "/connect/callback";

use Least::{Admin, Analyst, Viewer};

/// Every route.
pub(super) const ROUTES: &[Route] = &[
    open(Method::GET, "/api/openapi.json"),
    open(Method::GET, "/api/docs"),
    open(Method::GET, "/assets/{*path}"),
    // Signing in and out, consents, invitations.
    open(Method::GET, "/sign-in"),
    open(Method::POST, "/sign-in"),
    open(Method::POST, "/sign-in/link"),
    open(Method::POST, "/sign-in/oidc"),
    open(Method::GET, "/sign-in/oidc/callback"),
    open(Method::POST, "/sign-out"),
    open(Method::GET, "/api/v1/sign-in-methods"),
    open(Method::POST, "/invite/look-up"),
    open(Method::POST, "/invite/accept"),
    open(Method::GET, CALLBACK),
    session(Method::POST, "/connect/pagerduty", Admin),
    read("/api/v1/session"),
    // Connections.
    read("/api/v1/connections"),
    session(Method::POST, "/api/v1/connections/direct", Admin),
    any(Method::POST, "/api/v1/connections/{id}/syncs", Analyst),
    session(Method::POST, "/api/v1/connections/{id}/disconnect", Admin),
    any(Method::POST, "/api/v1/connections/{id}/pause", Admin),
    any(Method::POST, "/api/v1/connections/{id}/resume", Admin),
    any(Method::POST, "/api/v1/connections/{id}/cancel", Admin),
    any(Method::POST, "/api/v1/connections/{id}/probe", Admin),
    read("/api/v1/connections/{id}/events"),
    read("/api/v1/connections/{id}/runs"),
    any(Method::PUT, "/api/v1/connections/{id}/webhook", Admin),
    any(Method::DELETE, "/api/v1/connections/{id}/webhook", Admin),
    session(Method::GET, "/api/v1/invitations", Viewer),
    session(Method::POST, "/api/v1/invitations", Viewer),
    session(Method::POST, "/api/v1/invitations/{id}/resend", Viewer),
    session(Method::DELETE, "/api/v1/invitations/{id}", Admin),
    // Figures.
    read("/api/v1/overview"),
    read("/api/v1/licenses"),
    read("/api/v1/licenses/history"),
    read("/api/v1/chargeback"),
    read("/api/v1/renewal"),
    person("/api/v1/exports/focus"),
    person("/api/v1/users"),
    person("/api/v1/users/{id}"),
    person("/api/v1/users/{id}/evidence"),
    read("/api/v1/features"),
    read("/api/v1/features/matrix"),
    read("/api/v1/features/{id}"),
    read("/api/v1/addons"),
    read("/api/v1/teams"),
    person("/api/v1/oncall-load"),
    read("/api/v1/incidents/summary"),
    person("/api/v1/recommendations"),
    personal(any(Method::POST, "/api/v1/recommendations/state", Analyst)),
    person("/api/v1/recommendations/{id}"),
    personal(any(
        Method::POST,
        "/api/v1/recommendations/{id}/state",
        Analyst,
    )),
    person("/api/v1/recommendations/{id}/bundle"),
    // Sources.
    read("/api/v1/datasets"),
    read("/api/v1/receipts"),
    any(Method::GET, "/api/v1/parked-messages", Admin),
    any(Method::POST, "/api/v1/parked-messages/replay", Admin),
    // Settings.
    read("/api/v1/organization"),
    session(Method::PATCH, "/api/v1/organization", Admin),
    session(Method::GET, "/api/v1/members", Viewer),
    session(Method::POST, "/api/v1/members", Admin),
    session(Method::PATCH, "/api/v1/members/{id}", Admin),
    session(Method::DELETE, "/api/v1/members/{id}", Admin),
    session(Method::GET, "/api/v1/api-keys", Admin),
    session(Method::POST, "/api/v1/api-keys", Admin),
    session(Method::POST, "/api/v1/api-keys/{id}/rotate", Admin),
    session(Method::DELETE, "/api/v1/api-keys/{id}", Admin),
    any(Method::GET, "/api/v1/audit-log", Admin),
    any(Method::GET, "/api/v1/audit-log/verification", Admin),
    read("/api/v1/prices"),
    any(Method::PUT, "/api/v1/prices", Admin),
    read("/api/v1/contract"),
    any(Method::PUT, "/api/v1/contract", Admin),
    read("/api/v1/thresholds"),
    any(Method::PUT, "/api/v1/thresholds", Admin),
    person("/api/v1/exemptions"),
    personal(any(Method::POST, "/api/v1/exemptions", Analyst)),
    personal(any(Method::DELETE, "/api/v1/exemptions/{user_id}", Analyst)),
    read("/api/v1/privacy"),
    any(Method::PUT, "/api/v1/privacy", Admin),
    session(Method::POST, "/api/v1/people/{user_id}/erase", Admin),
    session(Method::GET, "/api/v1/notifications", Admin),
    session(Method::PUT, "/api/v1/notifications", Admin),
    session(Method::POST, "/api/v1/notifications/test", Admin),
    read("/api/v1/saved-views"),
    any(Method::POST, "/api/v1/saved-views", Analyst),
    any(Method::DELETE, "/api/v1/saved-views/{id}", Analyst),
];

/// A line of the table, for those who check it from outside.
#[derive(Debug, Clone)]
pub struct AccessLine {
    pub method: String,
    pub path: &'static str,
    /// Nobody has to be signed in.
    pub open: bool,
    /// API keys may.
    pub keys: bool,
    least: Least,
}

impl AccessLine {
    /// By the role's name.
    pub fn allows(&self, role: &str) -> bool {
        let role = RoleName::from_name(role).map_or(Role::Unspecified, Role::from);
        self.least.allows(role)
    }
}

/// The whole table.
pub fn access_table() -> Vec<AccessLine> {
    let lines = ROUTES.iter().map(|route| AccessLine {
        method: route.method.to_string(),
        path: route.path,
        open: route.least == Least::Open,
        keys: route.proof == Proof::Any,
        least: route.least,
    });
    lines.collect()
}

/// The line of a request.
pub(super) fn find(method: &Method, path: &str) -> Option<&'static Route> {
    // HEAD is answered by the GET handler.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    ROUTES
        .iter()
        .find(|route| route.method == *method && route.path == path)
}

/// Whether a path answers another method.
pub(super) fn knows(path: &str) -> bool {
    ROUTES.iter().any(|route| route.path == path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    #[test]
    fn every_documented_operation_has_one_line_and_every_line_of_the_api_is_documented() {
        let document = serde_json::to_value(super::super::openapi()).expect("serializes");
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for method in item.as_object().expect("operations").keys() {
                let method: Method = method.to_uppercase().parse().expect("a method");
                assert!(find(&method, path).is_some(), "{method} {path}");
                documented.insert((method.to_string(), path.clone()));
            }
        }
        for route in ROUTES
            .iter()
            .filter(|route| route.path.starts_with("/api/v1/"))
        {
            let key = (route.method.to_string(), route.path.to_owned());
            assert!(documented.contains(&key), "{key:?}");
        }
        assert!(
            find(&Method::DELETE, "/api/v1/users").is_none(),
            "default deny"
        );
        let all: BTreeSet<_> = ROUTES
            .iter()
            .map(|r| (r.method.to_string(), r.path))
            .collect();
        assert_eq!(all.len(), ROUTES.len(), "one line for each route");
    }

    #[rstest]
    #[case(Role::Owner, [true, true, true])]
    #[case(Role::Admin, [true, true, true])]
    #[case(Role::Analyst, [true, true, false])]
    #[case(Role::Viewer, [true, false, false])]
    #[case(Role::Unspecified, [false, false, false])]
    fn roles(#[case] role: Role, #[case] allowed: [bool; 3]) {
        assert_eq!(
            [Viewer, Analyst, Admin].map(|least| least.allows(role)),
            allowed
        );
        assert!(Least::Open.allows(role));
    }

    #[test]
    fn only_what_is_named_open_needs_nobody() {
        let open = ROUTES.iter().filter(|route| route.least == Least::Open);
        assert!(
            open.clone().all(|route| !route.path.starts_with("/api/v1/")
                || route.path == "/api/v1/sign-in-methods")
        );
        assert_eq!(open.count(), 13);
    }
}
