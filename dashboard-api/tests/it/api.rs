//! The HTTP API as a browser meets it.

use insta::assert_snapshot;
use reqwest::Response;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    account::{Run, everybody},
    house::{House, apply},
};

const ORG: Uuid = Uuid::from_u128(1);

async fn filled(superuser: &PgPool) -> House {
    let house = House::open(superuser).await;
    apply(&house.store, &Run::new(1).messages(everybody())).await;
    house.generation(ORG, 1).await;
    house
}

/// Status, kind and body, without the request's id.
async fn shown(response: Response) -> String {
    let status = response.status();
    let kind = response
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().expect("text").to_owned());
    let id = response.headers()["x-request-id"]
        .to_str()
        .expect("text")
        .to_owned();
    let body = response.text().await.expect("a body");
    assert!(body.contains(&id), "the body names the request: {body}");
    format!(
        "{status} {}\n{}",
        kind.unwrap_or_default(),
        body.replace(&id, "ID")
    )
}

async fn json(request: reqwest::RequestBuilder) -> Value {
    let response = request.send().await.expect("answers");
    assert_eq!(response.status(), 200);
    response.json().await.expect("JSON")
}

#[sqlx::test(migrations = false)]
async fn problems_say_what_is_wrong_and_where(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let nobody = house
        .http
        .get(format!("{}/api/v1/session", house.url))
        .send()
        .await;
    assert_snapshot!(shown(nobody.expect("answers")).await, @r#"
    401 Unauthorized application/problem+json
    {"type":"not-signed-in","title":"Not signed in","status":401,"detail":"Open a sign-in link to start a session.","request_id":"ID","errors":[]}
    "#);
    let first = house.get(ORG, "viewer", "/api/v1/overview").send().await;
    assert_snapshot!(shown(first.expect("answers")).await, @r#"
    404 Not Found application/problem+json
    {"type":"no-generation","title":"No figures yet","status":404,"detail":"The first synchronization has not been evaluated yet.","request_id":"ID","errors":[]}
    "#);
    let unknown = house
        .get(ORG, "viewer", "/api/v1/users?windows=90")
        .send()
        .await;
    assert_snapshot!(shown(unknown.expect("answers")).await, @r##"
    400 Bad Request application/problem+json
    {"type":"invalid-parameter","title":"Invalid parameter","status":400,"detail":"The request has a parameter that cannot be answered.","request_id":"ID","errors":[{"pointer":"#/query/windows","detail":"There is no such parameter."}]}
    "##);
    for path in [
        "/api/v1/overview?window=91",
        "/api/v1/users?sort=password",
        "/api/v1/users?limit=501",
        "/api/v1/users?class=lazy",
        "/api/v1/users?cursor=AAAA",
    ] {
        let refused = house
            .get(ORG, "viewer", path)
            .send()
            .await
            .expect("answers");
        assert_eq!(refused.status(), 400, "{path}");
    }
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn an_answer_that_the_client_has_is_not_sent_again(superuser: PgPool) {
    let house = filled(&superuser).await;
    let first = house
        .get(ORG, "viewer", "/api/v1/overview?window=90")
        .send()
        .await
        .expect("answers");
    let etag = first.headers()["etag"].clone();
    assert_eq!(first.headers()["cache-control"], "private, max-age=30");
    let again = house
        .get(ORG, "viewer", "/api/v1/overview?window=90")
        .header("if-none-match", &etag);
    let again = again.send().await.expect("answers");
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["etag"], etag);
    let other = house
        .get(ORG, "viewer", "/api/v1/overview?window=30")
        .header("if-none-match", &etag);
    assert_eq!(other.send().await.expect("answers").status(), 200);
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn figures_of_the_small_account(superuser: PgPool) {
    let house = filled(&superuser).await;
    let overview = json(house.get(ORG, "viewer", "/api/v1/overview")).await;
    assert_eq!(overview["seats"]["total"], 4);
    assert_eq!(overview["seats"]["by_class"]["active"], 2);
    assert_eq!(overview["seats"]["by_class"]["viewer"], 1);
    assert_eq!(overview["utilization_percent"], 50.0);
    assert_eq!(overview["duty"]["seconds"], 3 * 86_400);
    assert_eq!(overview["duty"]["level_1_seconds"], 2 * 86_400);
    assert_eq!(overview["weekly_active"].as_array().map(Vec::len), Some(26));
    assert_eq!(overview["receipts"]["windows"], 9);
    let features = json(house.get(ORG, "viewer", "/api/v1/features")).await;
    let ack = &features["data"][3];
    assert_eq!(
        (&ack["id"], &ack["used"], &ack["not_eligible"], &ack["uses"]),
        (&"ack".into(), &1.into(), &1.into(), &2.into())
    );
    let licenses = json(house.get(ORG, "viewer", "/api/v1/licenses")).await;
    assert_eq!(licenses["data"][0]["purchased"], 5);
    assert_eq!(licenses["data"][0]["assigned"], 3);
    assert_eq!(licenses["data"][0]["utilization_percent"], 66.7);
    let user = json(house.get(ORG, "viewer", "/api/v1/users/PU1")).await;
    assert_eq!(user["url"], "https://acme.pagerduty.com/users/PU1");
    assert_eq!(user["features"]["ack"]["active_days"], 2);
    assert_eq!(user["teams"][0]["name"], "Core");
    let kinds: Vec<_> = user["evidence"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["kind"])
        .collect();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    assert_eq!(user["weeks"].as_array().map(Vec::len), Some(26));
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn pages_of_users_follow_each_other_without_gaps(superuser: PgPool) {
    let house = filled(&superuser).await;
    for sort in [
        "name",
        "-name",
        "last_any",
        "-last_any",
        "class",
        "-duty",
        "actions",
        "role",
        "email",
    ] {
        let all = json(house.get(ORG, "viewer", &format!("/api/v1/users?sort={sort}"))).await;
        let mut paged = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/users?sort={sort}&limit=1&cursor={cursor}");
            let page = json(house.get(ORG, "viewer", &path)).await;
            assert_eq!(page["total"], 4);
            paged.extend(page["data"].as_array().expect("a list").clone());
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        assert_eq!(&Value::Array(paged), &all["data"], "{sort}");
    }
    let found = json(house.get(
        ORG,
        "viewer",
        "/api/v1/users?q=SILENT&team=PT1&license=PL1&class=never,idle",
    ))
    .await;
    assert_eq!(found["total"], 1);
    assert_eq!(found["data"][0]["id"], "PU4");
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn writes_need_a_right_and_come_from_our_own_page(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let connection = Uuid::from_u128(1 << 8);
    let syncs = format!("/api/v1/connections/{connection}/syncs");
    let disconnect = format!("/api/v1/connections/{connection}/disconnect");
    let status = async |request: reqwest::RequestBuilder| {
        request.send().await.expect("answers").status().as_u16()
    };
    assert_eq!(status(house.post(ORG, "viewer", &syncs)).await, 403);
    assert_eq!(status(house.post(ORG, "analyst", &syncs)).await, 202);
    assert_eq!(status(house.post(ORG, "analyst", &disconnect)).await, 403);
    assert_eq!(status(house.post(ORG, "owner", &disconnect)).await, 200);
    let theirs = format!("/api/v1/connections/{}/syncs", Uuid::from_u128(2 << 8));
    assert_eq!(
        status(house.post(ORG, "owner", &theirs)).await,
        404,
        "another tenant's"
    );
    let cookie = format!("sid=owner.{ORG}");
    let bare = || {
        house
            .http
            .post(format!("{}{syncs}", house.url))
            .header("cookie", &cookie)
    };
    assert_eq!(status(bare()).await, 403, "no origin");
    let cross = bare()
        .header("origin", "https://evil.example")
        .header("x-requested-with", "quolum");
    assert_eq!(status(cross).await, 403, "another origin");
    assert_eq!(
        status(bare().header("origin", "http://localhost:8080")).await,
        403,
        "no header"
    );
    assert_eq!(status(house.get(ORG, "owner", &syncs)).await, 405);
    assert_eq!(
        status(house.get(ORG, "owner", "/api/v1/nothing")).await,
        404
    );
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn the_browser_goes_out_to_consent_and_comes_back(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let begun = house
        .post(ORG, "owner", "/connect/pagerduty")
        .form(&[("return_to", "/overview")]);
    let begun = begun.send().await.expect("answers");
    assert_eq!(begun.status(), 303);
    let location = begun.headers()["location"]
        .to_str()
        .expect("text")
        .to_owned();
    let cookie = begun.headers()["set-cookie"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        cookie.contains("HttpOnly; SameSite=Lax; Path=/connect; Max-Age=600"),
        "{cookie}"
    );
    let state = location.split("state=").nth(1).expect("a state");
    let back = |cookie: String| {
        let url = format!("{}/connect/callback?code=c&state={state}", house.url);
        house.http.get(url).header("cookie", cookie)
    };
    let connected = back(cookie.split(';').next().expect("a pair").to_owned());
    let connected = connected.send().await.expect("answers");
    assert_eq!(connected.status(), 303);
    let target = connected.headers()["location"].to_str().expect("text");
    assert!(
        target.starts_with("/overview?window=30&consent=connected&request_id="),
        "{target}"
    );
    let stolen = back("connect=other".to_owned())
        .send()
        .await
        .expect("answers");
    let target = stolen.headers()["location"].to_str().expect("text");
    assert!(target.contains("consent=state_refused"), "{target}");
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn a_sign_in_link_becomes_a_cookie_and_pages_are_guarded(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let sign_in = |token: &str| {
        house
            .post(ORG, "", "/sign-in")
            .json(&serde_json::json!({"token": token}))
    };
    let done = sign_in("fresh").send().await.expect("answers");
    assert_eq!(done.status(), 204);
    assert_eq!(
        done.headers()["set-cookie"],
        "sid=fresh; HttpOnly; SameSite=Lax; Path=/; Max-Age=3600"
    );
    assert_eq!(done.headers()["cache-control"], "no-store");
    assert_eq!(sign_in("used").send().await.expect("answers").status(), 401);
    let page = house
        .http
        .get(format!("{}/users/PU1", house.url))
        .send()
        .await
        .expect("answers");
    assert_eq!(page.status(), 200);
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert_eq!(page.headers()["x-content-type-options"], "nosniff");
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("text");
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("script-src 'self';"),
        "{policy}"
    );
    assert!(
        page.text()
            .await
            .expect("a body")
            .starts_with("<!doctype html>")
    );
    house.close().await;
}

#[sqlx::test(migrations = false)]
async fn events_tell_the_sync_and_the_generation(superuser: PgPool) {
    let house = House::open(&superuser).await;
    let path = format!("/api/v1/connections/{}/events", Uuid::from_u128(1 << 8));
    let mut stream = house
        .get(ORG, "viewer", &path)
        .send()
        .await
        .expect("answers");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut heard = String::new();
    let mut published = false;
    while !heard.contains("event: generation") {
        let next = tokio::time::timeout(std::time::Duration::from_secs(20), stream.chunk()).await;
        let chunk = next
            .expect("in time")
            .expect("a chunk")
            .expect("the stream is open");
        heard.push_str(&String::from_utf8_lossy(&chunk));
        if heard.contains("event: sync") && !published {
            apply(&house.store, &Run::new(1).messages(everybody())).await;
            published = true;
        }
    }
    assert!(
        heard.contains(r#"data: {"generation":1,"as_of":"2026-11-23T10:00:00Z"}"#),
        "{heard}"
    );
    drop(stream);
    house.close().await;
}
