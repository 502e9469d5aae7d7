//! Every kind of answer against PagerDuty's own schema.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

#[path = "harness/office.rs"]
mod office;
#[path = "harness/schema.rs"]
mod schema;

use office::Office;
use pagerduty_sim::caller::TokenKind;
use pagerduty_sim::world::{Persona, Size};
use schema::Contract;
use serde_json::json;

async fn contradictions(
    office: &Office,
    contract: &Contract,
    operation: &str,
    path: &str,
) -> Vec<String> {
    let body = office.read(path).await;
    let found = contract.contradictions((operation, "get", "200"), &body);
    found
        .into_iter()
        .map(|text| format!("{path}: {text}"))
        .collect()
}

async fn first_id(office: &Office, path: &str, name: &str) -> String {
    office.read(path).await[name][0]["id"]
        .as_str()
        .expect("id")
        .to_owned()
}

#[tokio::test]
async fn lists_are_as_the_schema_says() {
    let (office, contract) = (Office::open(Size::Demo).await, Contract::load());
    let mut found = Vec::new();
    for (operation, query) in [
        ("/users", "limit=100"),
        (
            "/users",
            "limit=50&offset=7&total=true&include[]=contact_methods&include[]=notification_rules&include[]=teams",
        ),
        ("/licenses", ""),
        ("/license_allocations", "limit=100"),
        ("/abilities", ""),
        ("/priorities", ""),
        ("/teams", "limit=100&total=true"),
        (
            "/services",
            "limit=100&include[]=teams&include[]=escalation_policies",
        ),
        ("/escalation_policies", "limit=100&include[]=targets"),
        ("/schedules", "limit=100"),
        (
            "/schedules",
            "limit=100&include[]=final_schedule&include[]=schedule_layers&include[]=overrides_subschedule",
        ),
        ("/v3/schedules", "limit=1000"),
        (
            "/oncalls",
            "limit=100&since=2025-12-01T00:00:00Z&until=2025-12-20T00:00:00Z",
        ),
        (
            "/oncalls",
            "limit=20&include[]=users&include[]=escalation_policies",
        ),
        ("/incidents", "limit=100&total=true"),
        (
            "/incidents",
            "limit=100&sort_by=created_at:desc&include[]=users&include[]=services&include[]=teams&include[]=first_trigger_log_entries",
        ),
        ("/log_entries", "limit=100&total=true"),
        ("/log_entries", "limit=100&include[]=channels"),
        (
            "/log_entries",
            "limit=100&offset=3000&include[]=channels&include[]=incidents&include[]=services&include[]=teams",
        ),
    ] {
        let path = format!("{operation}?{query}");
        found.extend(contradictions(&office, &contract, operation, &path).await);
    }
    assert!(
        found.is_empty(),
        "{}",
        found.join(
            "
"
        )
    );
}

#[tokio::test]
async fn single_objects_are_as_the_schema_says() {
    let (office, contract) = (Office::open(Size::Small).await, Contract::load());
    let window = "since=2026-01-01T00:00:00Z&until=2026-02-01T00:00:00Z&include[]=final_schedule";
    let mut checks = Vec::new();
    for (list, name, query) in [
        ("/users", "users", ""),
        ("/teams", "teams", ""),
        ("/services", "services", ""),
        ("/escalation_policies", "escalation_policies", ""),
        ("/schedules", "schedules", window),
        ("/v3/schedules", "schedules", window),
        ("/incidents", "incidents", ""),
        ("/log_entries", "log_entries", "include[]=channels"),
    ] {
        let id = first_id(&office, list, name).await;
        checks.push((format!("{list}/{{id}}"), format!("{list}/{id}?{query}")));
    }
    let team = first_id(&office, "/teams", "teams").await;
    let incident = first_id(&office, "/incidents", "incidents").await;
    checks.extend([
        ("/users/me".to_owned(), "/users/me".to_owned()),
        (
            "/teams/{id}/members".to_owned(),
            format!("/teams/{team}/members"),
        ),
        (
            "/incidents/{id}/log_entries".to_owned(),
            format!("/incidents/{incident}/log_entries?include[]=channels"),
        ),
    ]);
    let mut found = Vec::new();
    for (operation, path) in checks {
        found.extend(contradictions(&office, &contract, &operation, &path).await);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn what_the_account_keeps_is_as_the_schema_says() {
    let (office, contract) = (Office::open(Size::Demo).await, Contract::load());
    let user = first_id(&office, "/users?query=admin", "users").await;
    let holder = &office.caller.account.world.users;
    let holder = holder
        .iter()
        .find(|user| user.persona == Persona::Communicator)
        .expect("one")
        .id
        .clone();
    let team = first_id(&office, "/teams", "teams").await;
    let service = first_id(&office, "/services", "services").await;
    let page = first_id(&office, "/status_pages", "status_pages").await;
    let tag = first_id(&office, "/tags", "tags").await;
    let window = first_id(&office, "/maintenance_windows", "maintenance_windows").await;
    let orchestration = first_id(&office, "/event_orchestrations", "orchestrations").await;
    let action = first_id(&office, "/automation_actions/actions", "actions").await;
    let mut found = Vec::new();
    for (operation, path) in [
        ("/audit/records", "/audit/records?limit=100&since=2026-01-01T00:00:00Z&until=2026-01-15T00:00:00Z".to_owned()),
        ("/maintenance_windows", "/maintenance_windows?limit=100&total=true".to_owned()),
        ("/maintenance_windows/{id}", format!("/maintenance_windows/{window}")),
        ("/automation_actions/actions", "/automation_actions/actions?limit=100".to_owned()),
        ("/automation_actions/actions/{id}", format!("/automation_actions/actions/{action}")),
        ("/automation_actions/invocations", format!("/automation_actions/invocations?action_id={action}")),
        ("/automation_actions/invocations", "/automation_actions/invocations".to_owned()),
        ("/event_orchestrations", "/event_orchestrations?limit=100".to_owned()),
        ("/event_orchestrations/{id}", format!("/event_orchestrations/{orchestration}")),
        ("/users/{id}/oauth_delegations", format!("/users/{user}/oauth_delegations?delegation_type=web,mobile")),
        ("/users/{id}/notification_subscriptions", format!("/users/{holder}/notification_subscriptions")),
        ("/teams/{id}/notification_subscriptions", format!("/teams/{team}/notification_subscriptions")),
        ("/users/{id}/contact_methods", format!("/users/{user}/contact_methods")),
        ("/users/{id}/notification_rules", format!("/users/{user}/notification_rules")),
        ("/notifications", "/notifications?limit=100&total=true&since=2025-12-01T00:00:00Z&until=2026-01-15T00:00:00Z".to_owned()),
        ("/tags", "/tags?limit=100".to_owned()),
        ("/tags/{id}/{entity_type}", format!("/tags/{tag}/users")),
        ("/business_services", "/business_services?limit=100".to_owned()),
        ("/status_pages", "/status_pages".to_owned()),
        ("/status_pages/{id}/posts", format!("/status_pages/{page}/posts")),
        ("/incident_workflows", "/incident_workflows?limit=100".to_owned()),
        ("/incident_workflows/triggers", "/incident_workflows/triggers?limit=100".to_owned()),
        ("/alert_grouping_settings", "/alert_grouping_settings?limit=10".to_owned()),
        ("/extensions", "/extensions?limit=100".to_owned()),
        ("/templates", "/templates?limit=100".to_owned()),
        ("/change_events", "/change_events?limit=100".to_owned()),
        ("/session_configurations", "/session_configurations".to_owned()),
        ("/services/{id}/enablements", format!("/services/{service}/enablements")),
    ] {
        found.extend(contradictions(&office, &contract, operation, &path).await);
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[tokio::test]
async fn analytics_of_incidents_and_responders_are_as_the_schema_says() {
    let (office, contract) = (Office::open(Size::Small).await, Contract::load());
    let service = first_id(&office, "/services", "services").await;
    let range = json!({"date_range_start": "2025-12-01T00:00:00Z", "date_range_end": "2026-01-01T00:00:00Z"});
    for (path, ask) in [
        (
            "/analytics/raw/incidents",
            json!({"limit": 50, "filters": {"service_ids": [service]}}),
        ),
        (
            "/analytics/metrics/responders/teams",
            json!({"filters": range}),
        ),
        (
            "/analytics/metrics/pd_advance_usage/features",
            json!({"filters": {
            "incident_created_at_start": "2025-06-01T00:00:00Z", "incident_created_at_end": "2025-07-01T00:00:00Z"}}),
        ),
    ] {
        let (status, body) = office.post_as(&office.caller, path, &ask).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(!body["data"].as_array().expect("rows").is_empty(), "{path}");
        contract.check(path, "post", "200", &body);
    }
}

#[tokio::test]
async fn analytics_is_as_the_schema_says() {
    let (office, contract) = (Office::open(Size::Small).await, Contract::load());
    let ask = json!({"limit": 10, "time_zone": "Etc/UTC", "filters": {"created_at_start": "2020-01-01T00:00:00Z"}});
    let (status, body) = office
        .post_as(&office.caller, "/analytics/raw/users", &ask)
        .await;
    assert_eq!(status, 200, "{body}");
    contract.check("/analytics/raw/users", "post", "200", &body);
}

#[tokio::test]
async fn refusals_are_as_the_schema_says() {
    let (office, contract) = (Office::open(Size::Small).await, Contract::load());
    let none = office.with_scopes(TokenKind::Classic, &["openid"]);
    let (status, body) = office.get_as(&none, "/users").await;
    assert_eq!(status, 403);
    contract.check("/users", "get", "403", &body);
    for (operation, path, expected) in [
        ("/users", "/users?limit=100&offset=9999", "400"),
        ("/users/{id}", "/users/PNOBODY", "404"),
        (
            "/incidents",
            "/incidents?since=2020-01-01&until=2021-01-01",
            "400",
        ),
        (
            "/oncalls",
            "/oncalls?since=2020-01-01&until=2021-01-01",
            "400",
        ),
        ("/abilities/{id}", "/abilities/flying", "404"),
    ] {
        let (status, body) = office.get(path).await;
        assert_eq!(status.to_string(), expected, "{path}");
        contract.check(operation, "get", expected, &body);
    }
    office
        .caller
        .account
        .set_abilities(std::collections::BTreeSet::new());
    let (status, body) = office.get("/abilities/teams").await;
    assert_eq!(status, 402);
    contract.check("/abilities/{id}", "get", "402", &body);
}
