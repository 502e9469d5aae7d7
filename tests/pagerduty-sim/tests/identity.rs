//! The identity service, over real HTTP: consent, codes, tokens, `id_token`s and who is refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "identity/faults_and_limits.rs"]
mod faults_and_limits;
#[path = "identity/harness.rs"]
mod harness;
#[path = "identity/id_tokens.rs"]
mod id_tokens;

use harness::{ACME, CLASSIC, Harness, REDIRECT, SCOPED, VERIFIER, error_of, parameter};
use serde_json::{Value, json};

/// The value of the hidden field that carries the consent through the pages.
fn transaction(page: &str) -> String {
    let after = page.split("name=\"transaction\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

/// Goes through both pages as a browser does, with one wrong password; answers where it is sent back to.
async fn allow_on_the_pages(harness: &Harness) -> String {
    let authorize = harness.http.get(harness.authorize_url(CLASSIC)).send();
    let page = authorize.await.unwrap().text().await.unwrap();
    assert!(page.contains("PagerDuty simulator"));
    let transaction_in_page = transaction(&page);
    let sign_in = async |password: &str| {
        let fields = [
            ("transaction", transaction_in_page.as_str()),
            ("email", ACME),
            ("password", password),
        ];
        let post = harness
            .http
            .post(harness.url("/oauth/authorize/sign-in"))
            .form(&fields);
        let answer = post.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let (status, again) = sign_in("wrong").await;
    assert!(status == 401 && again.contains("role=\"alert\""));
    let (_, consent) = sign_in("secret").await;
    assert!(consent.contains("acme.pagerduty.com") && consent.contains("<code>write</code>"));
    let decision = [
        ("transaction", transaction(&consent)),
        ("decision", "allow".to_owned()),
    ];
    let post = harness
        .http
        .post(harness.url("/oauth/authorize/consent"))
        .form(&decision);
    let sent = post.send().await.unwrap();
    assert_eq!(sent.status(), 302);
    sent.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_signs_in_allows_and_the_code_becomes_a_pair_of_tokens() {
    let harness = Harness::start().await;
    let location = allow_on_the_pages(&harness).await;
    assert!(location.starts_with(REDIRECT));
    assert_eq!(parameter(&location, "state").as_deref(), Some("st&te"));
    let code = parameter(&location, "code").unwrap();
    let answer = harness.exchange(CLASSIC, &code, VERIFIER).await;
    assert_eq!(answer.status(), 200);
    let tokens: Value = answer.json().await.unwrap();
    assert_eq!(tokens["token_type"], "bearer");
    assert_eq!(tokens["scope"], "openid write");
    assert_eq!(tokens["expires_in"], 30 * 86_400);
    assert_eq!(tokens["client_info"], "prefix_legacy_app");
    assert!(
        tokens["access_token"]
            .as_str()
            .unwrap()
            .starts_with("pdus+_0")
    );
    assert_eq!(
        harness.status("/abilities", &tokens["access_token"]).await,
        200
    );
}

#[tokio::test]
async fn a_code_used_twice_is_refused_and_kills_what_it_gave() {
    let harness = Harness::start().await;
    let code = harness.code(CLASSIC, ACME);
    let tokens: Value = harness
        .exchange(CLASSIC, &code, VERIFIER)
        .await
        .json()
        .await
        .unwrap();
    let again = harness.exchange(CLASSIC, &code, VERIFIER).await;
    assert_eq!(error_of(again).await, (400, "invalid_grant".to_owned()));
    assert_eq!(
        harness.status("/abilities", &tokens["access_token"]).await,
        401
    );
}

#[tokio::test]
async fn a_code_dies_after_thirty_seconds() {
    let harness = Harness::start().await;
    let code = harness.code(CLASSIC, ACME);
    harness.advance(31).await;
    let late = harness.exchange(CLASSIC, &code, VERIFIER).await;
    assert_eq!(error_of(late).await, (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn a_code_without_its_verifier_is_worth_nothing() {
    let harness = Harness::start().await;
    let code = harness.code(SCOPED, ACME);
    let refused = harness
        .exchange(
            SCOPED,
            &code,
            "another-verifier-of-at-least-forty-three-characters",
        )
        .await;
    assert_eq!(error_of(refused).await, (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn a_scoped_app_must_bring_a_challenge() {
    let harness = Harness::start().await;
    let mut url = harness.authorize_url(SCOPED);
    url.set_query(Some(&format!(
        "client_id=scoped-app&redirect_uri={REDIRECT}&response_type=code&scope=users.read"
    )));
    let sent = harness.http.get(url).send().await.unwrap();
    assert_eq!(
        parameter(sent.headers()["location"].to_str().unwrap(), "error").as_deref(),
        Some("invalid_request")
    );
}

#[tokio::test]
async fn a_refresh_rotates_both_tokens_and_a_used_one_kills_the_grant() {
    let harness = Harness::start().await;
    let first = harness.connect(CLASSIC, ACME).await;
    let old = first["refresh_token"].as_str().unwrap();
    let second: Value = harness.refresh(CLASSIC, old).await.json().await.unwrap();
    assert_ne!(second["access_token"], first["access_token"]);
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(second.get("id_token"), None);
    assert_ne!(
        harness.status("/abilities", &second["access_token"]).await,
        401
    );
    assert_eq!(
        error_of(harness.refresh(CLASSIC, old).await).await,
        (400, "invalid_grant".to_owned())
    );
    assert_eq!(
        harness.status("/abilities", &second["access_token"]).await,
        401
    );
    let newest = second["refresh_token"].as_str().unwrap();
    assert_eq!(
        error_of(harness.refresh(CLASSIC, newest).await).await,
        (400, "invalid_grant".to_owned())
    );
    let summary = harness.summary().await;
    assert_eq!(
        (
            &summary["reuse_detected"],
            &summary["token_posts"]["refresh"]
        ),
        (&json!(1), &json!(3))
    );
    assert_eq!(summary["max_presentations_of_a_refresh_token"], 2);
}

#[tokio::test]
async fn of_eight_concurrent_refreshes_one_wins_and_then_the_grant_is_dead() {
    let harness = Harness::start().await;
    let tokens = harness.connect(CLASSIC, ACME).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let answers = futures::future::join_all((0..8).map(|_| harness.refresh(CLASSIC, token))).await;
    let mut winners = Vec::new();
    for answer in answers {
        if answer.status() == 200 {
            winners.push(answer.json::<Value>().await.unwrap());
        }
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(
        harness
            .status("/abilities", &winners[0]["access_token"])
            .await,
        401
    );
    assert_eq!(harness.summary().await["reuse_detected"], 7);
}

#[tokio::test]
async fn a_denial_goes_back_to_the_app_in_pagerdutys_words() {
    let harness = Harness::start().await;
    let location = harness
        .simulator
        .consent(harness.authorize_url(CLASSIC).as_str(), ACME, "deny")
        .unwrap();
    let words = "error=access_denied&error_description=The+resource+owner+or+authorization+server+denied+the+request.";
    assert!(location.contains(words), "{location}");
    assert_eq!(parameter(&location, "state").as_deref(), Some("st&te"));
}

#[tokio::test]
async fn a_foreign_redirect_uri_ends_on_a_page_of_pagerduty() {
    let harness = Harness::start().await;
    let url = harness
        .authorize_url(CLASSIC)
        .to_string()
        .replace("callback", "elsewhere");
    let answer = harness.http.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("Invalid or missing value for redirect_uri parameter")
    );
}

#[tokio::test]
async fn scopes_that_are_unknown_or_capped_are_left_out_silently() {
    let harness = Harness::start().await;
    let asked = harness::App {
        scope: "users.read nonsense.read",
        ..SCOPED
    };
    assert_eq!(
        harness.connect(asked, ACME).await["scope"],
        "openid users.read"
    );
    harness
        .control("/sim/grants", json!({"scopes": ["openid"]}))
        .await;
    assert_eq!(harness.connect(asked, ACME).await["scope"], "openid");
    harness
        .control("/sim/grants", json!({"scopes": null}))
        .await;
    assert_eq!(
        harness.connect(SCOPED, ACME).await["scope"],
        "openid teams.read users.read"
    );
}

#[tokio::test]
async fn credentials_belong_in_the_body_alone() {
    let harness = Harness::start().await;
    let form = [
        ("grant_type", "client_credentials"),
        ("scope", "as_account-us.acme users.read"),
    ];
    let credentials = [
        ("client_id", "scoped-app"),
        ("client_secret", "scoped-secret"),
    ];
    let token = harness.url("/oauth/token");
    let in_query = harness
        .http
        .post(&token)
        .query(&credentials)
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(
        error_of(in_query).await,
        (400, "invalid_request".to_owned())
    );
    let basic = harness
        .http
        .post(&token)
        .basic_auth("scoped-app", Some("scoped-secret"))
        .form(&form)
        .send()
        .await
        .unwrap();
    assert_eq!(error_of(basic).await, (401, "invalid_client".to_owned()));
    let as_json = harness
        .http
        .post(&token)
        .json(&json!({"grant_type": "refresh_token"}))
        .send()
        .await
        .unwrap();
    assert_eq!(error_of(as_json).await, (400, "invalid_request".to_owned()));
    let in_body = harness.post_token(&[form, credentials].concat()).await;
    assert_eq!(in_body.status(), 200);
}

#[tokio::test]
async fn an_app_token_comes_without_a_user_and_without_a_refresh_token() {
    let harness = Harness::start().await;
    let ask = async |scope: &str| {
        let credentials = [
            ("client_id", "scoped-app"),
            ("client_secret", "scoped-secret"),
        ];
        let form = [("grant_type", "client_credentials"), ("scope", scope)];
        harness.post_token(&[credentials, form].concat()).await
    };
    let tokens: Value = ask("as_account-eu.euro users.read")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&tokens["scope"], &tokens["expires_in"]),
        (&json!("users.read"), &json!(86_400))
    );
    assert_eq!(tokens.get("refresh_token"), None);
    assert_ne!(
        harness
            .status("/eu/abilities", &tokens["access_token"])
            .await,
        401
    );
    assert_eq!(
        error_of(ask("as_account-us.euro users.read").await).await,
        (400, "invalid_request".to_owned())
    );
}

#[tokio::test]
async fn a_token_is_refused_by_the_other_region() {
    let harness = Harness::start().await;
    let euro = harness.connect(CLASSIC, "admin@euro.example").await;
    assert_ne!(
        harness.status("/eu/abilities", &euro["access_token"]).await,
        401
    );
    let refused = harness.get("/abilities", &euro["access_token"]).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.json::<Value>().await.unwrap()["error"]["code"],
        2006
    );
}

#[tokio::test]
async fn tokens_die_by_time_and_by_revocation_from_outside() {
    let harness = Harness::start().await;
    let scoped = harness.connect(SCOPED, ACME).await;
    harness.advance(86_401).await;
    assert_eq!(
        harness.status("/abilities", &scoped["access_token"]).await,
        401
    );
    let tokens: Value = harness
        .refresh(SCOPED, scoped["refresh_token"].as_str().unwrap())
        .await
        .json()
        .await
        .unwrap();
    assert_ne!(
        harness.status("/abilities", &tokens["access_token"]).await,
        401
    );
    assert_eq!(
        harness
            .control("/sim/revoke", json!({"account": "acme"}))
            .await["revoked"],
        1
    );
    assert_eq!(
        harness.status("/abilities", &tokens["access_token"]).await,
        401
    );
    let dead = harness
        .refresh(SCOPED, tokens["refresh_token"].as_str().unwrap())
        .await;
    assert_eq!(error_of(dead).await, (400, "invalid_grant".to_owned()));
}
