//! Rate limit, faults, ledger, TLS: what surrounds every request.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use pagerduty_sim::Options;
use reqwest::{Certificate, Client};
use serde_json::{Value, json};

use crate::harness::{ACME, CLASSIC, Harness, VERIFIER};

#[tokio::test]
async fn the_request_beyond_the_limit_is_refused_until_the_minute_is_over() {
    let harness = Harness::start_with(Options {
        rate_limit: Some(3),
        ..Options::default()
    })
    .await;
    let tokens = harness.connect(CLASSIC, ACME).await;
    for remaining in ["2", "1", "0"] {
        let answer = harness.get("/abilities", &tokens["access_token"]).await;
        assert_ne!(answer.status(), 429);
        assert_eq!(answer.headers()["ratelimit-limit"], "3");
        assert_eq!(answer.headers()["ratelimit-remaining"], remaining);
    }
    let refused = harness.get("/abilities", &tokens["access_token"]).await;
    assert_eq!(refused.status(), 429);
    let reset: i64 = refused.headers()["ratelimit-reset"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!((1..=60).contains(&reset));
    let body: Value = refused.json().await.unwrap();
    assert_eq!(
        body,
        json!({"error": {"message": "Rate Limit Exceeded", "code": 2020}})
    );
    let other = harness.connect(CLASSIC, "admin@globex.example").await;
    assert_ne!(
        harness.status("/abilities", &other["access_token"]).await,
        429
    );
    harness.advance(reset).await;
    assert_ne!(
        harness.status("/abilities", &tokens["access_token"]).await,
        429
    );
    harness
        .control("/sim/rate-limit", json!({"per_minute": null}))
        .await;
    let unlimited = harness.get("/abilities", &tokens["access_token"]).await;
    assert!(!unlimited.headers().contains_key("ratelimit-limit"));
    assert_eq!(harness.summary().await["rate_limited"], 1);
}

#[tokio::test]
async fn a_status_fault_meets_as_many_requests_as_it_says() {
    let harness = Harness::start().await;
    let tokens = harness.connect(CLASSIC, ACME).await;
    let fault = json!({"path_prefix": "/abilities", "kind": "status", "status": 503, "headers": {"retry-after": "7"},
        "times": 1, "after": 1});
    harness.control("/sim/faults", fault).await;
    assert_ne!(
        harness.status("/abilities", &tokens["access_token"]).await,
        503
    );
    let spoiled = harness.get("/abilities", &tokens["access_token"]).await;
    assert_eq!(
        (
            spoiled.status().as_u16(),
            spoiled.headers()["retry-after"].to_str().unwrap()
        ),
        (503, "7")
    );
    assert_ne!(
        harness.status("/abilities", &tokens["access_token"]).await,
        503
    );
}

#[tokio::test]
async fn answers_hang_break_and_lie_on_demand() {
    let harness = Harness::start().await;
    let token = harness.connect(CLASSIC, ACME).await["access_token"].clone();
    let arm = async |kind: &str| {
        harness
            .control(
                "/sim/faults",
                json!({"path_prefix": "/abilities", "kind": kind, "times": 1}),
            )
            .await
    };

    arm("reset").await;
    let request = || {
        harness
            .http
            .get(harness.url("/abilities"))
            .bearer_auth(token.as_str().unwrap())
    };
    assert!(request().send().await.is_err());

    arm("truncate").await;
    let cut = request().send().await.unwrap();
    assert!(cut.content_length().is_some_and(|length| length > 0));
    assert!(cut.bytes().await.is_err());

    arm("malformed").await;
    let text = request().send().await.unwrap().text().await.unwrap();
    assert!(!text.is_empty() && serde_json::from_str::<Value>(&text).is_err());

    arm("html").await;
    let page = request().send().await.unwrap();
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().starts_with("<!doctype html>"));

    arm("hang").await;
    let waited = request().timeout(Duration::from_millis(100)).send().await;
    assert!(waited.unwrap_err().is_timeout());
}

#[tokio::test]
async fn an_answer_of_the_token_endpoint_can_be_lost_after_it_was_carried_out() {
    let harness = Harness::start().await;
    let tokens = harness.connect(CLASSIC, ACME).await;
    let token = tokens["refresh_token"].as_str().unwrap();
    let fault = json!({"path_prefix": "/oauth/token", "method": "POST", "kind": "status", "status": 502, "times": 1, "processed": true});
    harness.control("/sim/faults", fault).await;
    assert_eq!(harness.refresh(CLASSIC, token).await.status(), 502);
    assert_eq!(harness.refresh(CLASSIC, token).await.status(), 400);
    assert_eq!(
        harness.summary().await["max_presentations_of_a_refresh_token"],
        2
    );
}

#[tokio::test]
async fn a_fault_can_be_taken_back() {
    let harness = Harness::start().await;
    let tokens = harness.connect(CLASSIC, ACME).await;
    let id = harness
        .control("/sim/faults", json!({"path_prefix": "/", "kind": "status"}))
        .await["id"]
        .clone();
    assert_eq!(
        harness.status("/abilities", &tokens["access_token"]).await,
        500
    );
    let removed = harness
        .http
        .delete(harness.url(&format!("/sim/faults/{id}")))
        .send()
        .await
        .unwrap();
    assert_eq!(removed.status(), 204);
    assert_ne!(
        harness.status("/abilities", &tokens["access_token"]).await,
        500
    );
}

#[tokio::test]
async fn the_ledger_tells_whose_request_it_was_and_holds_no_token() {
    let harness = Harness::start().await;
    let code = harness.code(CLASSIC, ACME);
    let tokens: Value = harness
        .exchange(CLASSIC, &code, VERIFIER)
        .await
        .json()
        .await
        .unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = harness
        .http
        .get(harness.url("/users?limit=3"))
        .header("traceparent", trace);
    request.bearer_auth(access).send().await.unwrap();
    let ledger = harness
        .http
        .get(harness.url("/sim/ledger?since=1"))
        .send()
        .await
        .unwrap();
    let text = ledger.text().await.unwrap();
    for secret in [
        access,
        tokens["refresh_token"].as_str().unwrap(),
        code.as_str(),
    ] {
        assert!(!text.contains(secret));
    }
    let page: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(page["next"], 2);
    let entry = &page["entries"][0];
    assert_eq!(
        (&entry["path"], &entry["query"]),
        (&json!("/users"), &json!("limit=3"))
    );
    assert_eq!(
        (&entry["account"], &entry["client"]),
        (&json!("acme"), &json!("classic-app"))
    );
    assert_eq!(
        (&entry["status"], &entry["page_rows"]),
        (&json!(200), &json!(3))
    );
    assert_eq!(entry["traceparent"], trace);
}

#[tokio::test]
async fn the_ledger_counts_every_request_until_it_is_cleared() {
    let harness = Harness::start().await;
    let tokens = harness.connect(CLASSIC, ACME).await;
    harness.status("/abilities", &tokens["access_token"]).await;
    harness
        .http
        .get(harness.url("/users/PABCDEF"))
        .send()
        .await
        .unwrap();
    let summary = harness.summary().await;
    assert_eq!(summary["requests"], 3);
    assert_eq!(summary["by_path"]["/users/{id}"], 1);
    assert_eq!(summary["by_status"], json!({"200": 2, "401": 1}));
    assert_eq!(summary["token_posts"], json!({"code": 1}));
    assert_eq!(summary["max_requests_in_60s"], 1);
    harness
        .http
        .delete(harness.url("/sim/ledger"))
        .send()
        .await
        .unwrap();
    assert_eq!(harness.summary().await["requests"], 0);
}

#[tokio::test]
async fn https_works_with_the_simulators_own_authority() {
    let options = Options {
        tls_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        ..Options::default()
    };
    let harness = Harness::start_with(options).await;
    let pem = std::fs::read(harness.simulator.ca_pem_path().unwrap()).unwrap();
    let trusting = Client::builder()
        .tls_certs_only([Certificate::from_pem(&pem).unwrap()])
        .build()
        .unwrap();
    let url = format!(
        "{}/global/oauth/anonymous/jwks",
        harness.simulator.tls_url().unwrap()
    );
    assert_eq!(trusting.get(&url).send().await.unwrap().status(), 200);
    assert!(harness.http.get(&url).send().await.is_err());
}
