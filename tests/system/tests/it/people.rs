//! People: an admin from outside is invited and connects; members have roles; machines have keys.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use system::{Browser, Options, System};

async fn created(browser: &mut Browser, path: &str, body: Value) -> Value {
    let answer = browser.mutate(path, Some(body)).await;
    assert_eq!(answer.status(), StatusCode::CREATED, "{path}");
    answer.json().await.expect("JSON")
}

#[tokio::test]
async fn an_invited_admin_connects_without_an_account_and_the_member_sees_it() {
    let system = System::start(Options::default()).await;
    let mut member = system.owner("acme").await;
    let wish = json!({"email": "admin@acme.example", "note": "Please connect us.", "days": 3});
    let invitation = created(&mut member, "/api/v1/invitations", wish).await;
    let link = invitation["url"].as_str().expect("a link").to_owned();
    let token = link.split_once("token=").expect("a token").1.to_owned();

    let mut admin = Browser::new(&system.home);
    let looked = admin
        .mutate("/invite/look-up", Some(json!({"token": token})))
        .await;
    assert_eq!(looked.status(), StatusCode::OK);
    let looked: Value = looked.json().await.expect("JSON");
    assert_eq!(looked["organization_name"], "acme");
    assert_eq!(looked["note"], "Please connect us.");

    let sign_in = admin
        .post_form("/invite/accept", &[("token", &token)])
        .await;
    let done = admin.consent(sign_in, "admin@acme.example", "allow").await;
    assert_eq!(done.url.path(), "/invite/done");
    assert!(
        done.url
            .query()
            .unwrap_or_default()
            .contains("consent=connected"),
        "{}",
        done.url
    );

    let connections = member.json("/api/v1/connections").await;
    assert_eq!(connections["data"][0]["state"], "connected");
    let listed = member.json("/api/v1/invitations").await;
    assert_eq!(listed["data"][0]["state"], "connected");

    let mut thief = Browser::new(&system.home);
    let again = thief
        .mutate("/invite/look-up", Some(json!({"token": token})))
        .await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND, "used up");
    system.stop().await;
}

#[tokio::test]
async fn a_viewer_reads_and_changes_nothing() {
    let system = System::start(Options::default()).await;
    let mut owner = system.owner("acme").await;
    let wish = json!({"email": "viewer@acme.example", "name": "Viewer", "role": "viewer"});
    created(&mut owner, "/api/v1/members", wish).await;
    let link = system
        .auth
        .command(&["sign-in-link", "--email", "viewer@acme.example"]);
    let mut viewer = Browser::new(&system.home);
    viewer.sign_in(&link).await;
    assert_eq!(viewer.json("/api/v1/session").await["role"], "viewer");
    viewer.json("/api/v1/connections").await;
    for (path, body) in [
        (
            "/api/v1/api-keys",
            json!({"name": "k", "role": "viewer", "expires_at": "2099-01-01T00:00:00Z"}),
        ),
        (
            "/api/v1/members",
            json!({"email": "x@acme.example", "name": "X", "role": "owner"}),
        ),
        (
            "/api/v1/exemptions",
            json!({"user_id": "PX", "reason": "mine"}),
        ),
    ] {
        let answer = viewer.mutate(path, Some(body)).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
    }
    system.stop().await;
}

#[tokio::test]
async fn an_api_key_reads_until_it_is_revoked() {
    let system = System::start(Options::default()).await;
    let mut owner = system.owner("acme").await;
    let end = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24);
    let wish = json!({"name": "report", "role": "viewer", "expires_at": end.to_string()});
    let key = created(&mut owner, "/api/v1/api-keys", wish).await;
    let secret = key["secret"].as_str().expect("a secret").to_owned();

    let read = async |secret: &str| {
        let url = system.home.join("/api/v1/connections").expect("a path");
        let asked = reqwest::Client::new()
            .get(url)
            .header(header::AUTHORIZATION, format!("Bearer {secret}"));
        asked.send().await.expect("an answer").status()
    };
    assert_eq!(read(&secret).await, StatusCode::OK);
    assert_eq!(read("quolum_made_up").await, StatusCode::UNAUTHORIZED);
    let listed = owner.json("/api/v1/api-keys").await;
    assert!(!listed.to_string().contains(&secret), "shown once only");

    let path = format!("/api/v1/api-keys/{}", key["id"].as_str().expect("an id"));
    let revoked = owner.call(Method::DELETE, &path, None).await;
    assert!(revoked.status().is_success(), "{}", revoked.status());
    let end = std::time::Instant::now() + std::time::Duration::from_secs(15);
    while read(&secret).await != StatusCode::UNAUTHORIZED {
        assert!(std::time::Instant::now() < end, "still accepted");
        tokio::time::sleep(system::process::LOOK).await;
    }
    system.stop().await;
}
