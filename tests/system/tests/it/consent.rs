//! The ways in which a consent does not work out: each has its own words and loses nothing.

use reqwest::StatusCode;
use serde_json::json;
use system::{Browser, Options, System, browser::Page};

fn outcome(page: &Page) -> Option<String> {
    page.url
        .query_pairs()
        .find(|(name, _)| name == "consent")
        .map(|(_, value)| value.into_owned())
}

async fn nothing_is_connected(browser: &mut Browser) -> bool {
    browser.json("/api/v1/connections").await["data"]
        .as_array()
        .expect("a list")
        .is_empty()
}

#[tokio::test]
async fn consents_that_do_not_work_out_come_back_with_their_own_words() {
    let system = System::start(Options::default()).await;
    let mut browser = system.owner("acme").await;

    let sign_in = browser.press_connect("/connections?period=30", None).await;
    let denied = browser.consent(sign_in, "admin@acme.example", "deny").await;
    assert_eq!(outcome(&denied).as_deref(), Some("denied"));
    assert_eq!(denied.url.path(), "/connections");
    assert!(
        denied.url.query().unwrap_or_default().contains("period=30"),
        "{}",
        denied.url
    );

    let forged = system
        .home
        .join("/connect/callback?code=stolen&state=forged")
        .expect("a URL");
    assert_eq!(
        outcome(&browser.open(forged).await).as_deref(),
        Some("state_refused")
    );

    let sign_in = browser.press_connect("/connections", None).await;
    let mut stranger = system.owner("globex").await;
    let foreign = stranger
        .consent(sign_in, "admin@acme.example", "allow")
        .await;
    assert_eq!(outcome(&foreign).as_deref(), Some("state_refused"));

    system
        .simulate("/sim/grants", json!({"scopes": ["openid"]}))
        .await;
    let sign_in = browser.press_connect("/connections", None).await;
    let bare = browser
        .consent(sign_in, "admin@acme.example", "allow")
        .await;
    assert_eq!(outcome(&bare).as_deref(), Some("no_access"));
    system
        .simulate("/sim/grants", json!({"scopes": null}))
        .await;

    assert!(nothing_is_connected(&mut browser).await);
    assert!(nothing_is_connected(&mut stranger).await);
    system.stop().await;
}

#[tokio::test]
async fn a_reconnect_to_another_account_is_refused_and_the_connection_stays() {
    let system = System::start(Options::default()).await;
    let mut browser = system.owner("acme").await;
    let connection = system.connect(&mut browser, "admin@acme.example").await;
    let id = connection["id"].as_str().expect("an id");

    let sign_in = browser.press_connect("/connections", Some(id)).await;
    let other = browser
        .consent(sign_in, "admin@globex.example", "allow")
        .await;
    assert_eq!(outcome(&other).as_deref(), Some("wrong_account"));

    let sign_in = browser.press_connect("/connections", Some(id)).await;
    let same = browser
        .consent(sign_in, "admin@acme.example", "allow")
        .await;
    assert_eq!(outcome(&same).as_deref(), Some("connected"));
    let connections = browser.json("/api/v1/connections").await;
    assert_eq!(connections["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(connections["data"][0]["id"], connection["id"]);
    system.stop().await;
}

#[tokio::test]
async fn malformed_answers_of_pagerduty_leave_a_partial_dataset_and_the_rest_whole() {
    let system = System::start(Options::default()).await;
    let fault = json!({"path_prefix": "/escalation_policies", "kind": "malformed"});
    system.simulate("/sim/faults", fault).await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    let sync = system.stored(&mut browser).await;
    let datasets = sync["datasets"].as_array().expect("datasets");
    let state = |name: &str| {
        datasets
            .iter()
            .find(|d| d["dataset"] == name)
            .expect("listed")["state"]
            .clone()
    };
    assert_eq!(state("escalation_policies"), "partial", "{sync:#}");
    assert_eq!(state("users"), "complete");
    assert_eq!(state("log_entries"), "complete");
    system.stop().await;
}

#[tokio::test]
async fn an_organization_sees_nothing_of_another_one() {
    let system = System::start(Options::default()).await;
    let mut browser = system.owner("acme").await;
    let connection = system.connect(&mut browser, "admin@acme.example").await;
    system.stored(&mut browser).await;
    let mut stranger = system.owner("globex").await;
    let (status, problem) = stranger.try_json("/api/v1/overview").await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    assert!(nothing_is_connected(&mut stranger).await);
    let path = format!(
        "/api/v1/connections/{}/syncs",
        connection["id"].as_str().expect("an id")
    );
    assert_eq!(
        stranger.mutate(&path, None).await.status(),
        StatusCode::NOT_FOUND
    );
    let mut nobody = Browser::new(&system.home);
    let (status, problem) = nobody.try_json("/api/v1/overview").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{problem}");
    let (status, problem) = browser.try_json("/api/v1/overview?windw=90").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(
        problem["errors"][0]["pointer"]
            .as_str()
            .unwrap_or_default()
            .contains("windw"),
        "{problem}"
    );
    system.stop().await;
}
