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
use pagerduty_sim::world::Size;
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
