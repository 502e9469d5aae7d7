//! Which scopes exist, and which of those asked for are granted.
//!
//! PagerDuty does not refuse an unknown or forbidden scope: it leaves it out, silently.

use std::collections::BTreeSet;

use super::app::AppKind;

const CLASSIC: &[&str] = &["read", "write"];

/// Scopes as printed in PagerDuty's REST description, and the write scopes it names in prose.
const SCOPED: &[&str] = &[
    "abilities.read",
    "addons.read",
    "analytics.read",
    "analytics.write",
    "audit_records.read",
    "change_events.read",
    "escalation_policies.read",
    "event_orchestrations.read",
    "event_rules.read",
    "extension_schemas.read",
    "extensions.read",
    "incident.read",
    "incident_types.read",
    "incident_workflows.read",
    "incidents.read",
    "ip_allow_lists.read",
    "licenses.read",
    "oauth_delegations.read",
    "oauth_delegations.write",
    "oncalls.read",
    "priorities.read",
    "schedules.read",
    "services.read",
    "session_configurations.read",
    "standards.read",
    "status_dashboards.read",
    "status_pages.read",
    "subscribers.read",
    "tags.read",
    "teams.read",
    "templates.read",
    "users.read",
    "users.write",
    "users:contact_methods.read",
    "users:notifications.read",
    "users:sessions.read",
    "vendors.read",
    "webhook_subscriptions.read",
    "webhook_subscriptions.write",
    "workflow_integrations.read",
    "workflow_integrations:connections.read",
];

/// All scopes an app of this kind can hold, without `openid`.
pub fn known(kind: AppKind) -> &'static [&'static str] {
    match kind {
        AppKind::Classic => CLASSIC,
        AppKind::Scoped => SCOPED,
    }
}

/// What is granted of a space separated request: the known ones within the cap, and always `openid`.
pub fn granted(kind: AppKind, requested: &str, cap: Option<&BTreeSet<String>>) -> BTreeSet<String> {
    let permitted =
        |scope: &str| known(kind).contains(&scope) && cap.is_none_or(|cap| cap.contains(scope));
    let mut scopes: BTreeSet<String> = requested
        .split_whitespace()
        .filter(|scope| permitted(scope))
        .map(str::to_owned)
        .collect();
    scopes.insert("openid".to_owned());
    scopes
}

/// The `scope` member of a token answer: `openid` first, as PagerDuty prints it.
pub fn printed(scopes: &BTreeSet<String>) -> String {
    let openid = scopes.iter().filter(|scope| *scope == "openid");
    let others = scopes.iter().filter(|scope| *scope != "openid");
    openid
        .chain(others)
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_capped_scopes_are_left_out_silently() {
        let all = granted(AppKind::Classic, "write nonsense users.read", None);
        assert_eq!(printed(&all), "openid write");
        let cap = BTreeSet::from(["openid".to_owned()]);
        assert_eq!(
            printed(&granted(
                AppKind::Scoped,
                "users.read teams.read",
                Some(&cap)
            )),
            "openid"
        );
        assert_eq!(
            printed(&granted(AppKind::Scoped, "teams.read users.read", None)),
            "openid teams.read users.read"
        );
    }
}
