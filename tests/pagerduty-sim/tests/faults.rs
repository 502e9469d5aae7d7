//! What goes wrong on purpose: drift, moved rows, endless lists, bombs, latency, keys, apps that are not installed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

use std::time::{Duration, Instant};

use pagerduty_sim::{Options, Simulator};
use serde_json::{Value, json};

struct Office {
    simulator: Simulator,
    client: reqwest::Client,
}

impl Office {
    async fn open() -> Self {
        let options = Options {
            rate_limit: None,
            ..Options::default()
        };
        Self {
            simulator: Simulator::start(options).await.unwrap(),
            client: reqwest::Client::builder().build().unwrap(),
        }
    }

    async fn control(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.simulator.url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.simulator.url());
        let request = self.client.get(url);
        let request = request.header("authorization", "Token token=acme-api-key");
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Spoils one list once and reads it.
    async fn spoiled(&self, path: &str, mut fault: Value) -> Value {
        fault["path_prefix"] = json!(path.split('?').next().unwrap());
        fault["times"] = json!(1);
        self.control("/sim/faults", fault).await;
        self.get(path).await
    }
}

fn ids(page: &Value) -> Vec<Value> {
    let rows = page["users"].as_array().unwrap().iter();
    rows.map(|row| row["id"].clone()).collect()
}

#[tokio::test]
async fn a_field_drifts_in_every_row() {
    let office = Office::open().await;
    for (kind, check) in [
        ("new_enum", json!("never_seen_before")),
        ("null", Value::Null),
        ("type_changed", json!(7)),
    ] {
        let page = office
            .spoiled("/users", json!({"kind": kind, "field": "role"}))
            .await;
        let rows = page["users"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["role"] == check), "{kind}");
    }
    for (kind, name) in [("missing", None), ("renamed", Some("role_v2"))] {
        let page = office
            .spoiled("/users", json!({"kind": kind, "field": "role"}))
            .await;
        let row = &page["users"][0];
        assert!(row.get("role").is_none());
        assert_eq!(row.get("role_v2").is_some(), name.is_some());
    }
}

#[tokio::test]
async fn rows_move_between_pages() {
    let office = Office::open().await;
    let true_page = ids(&office.get("/users?limit=10&offset=10").await);
    let moved = office
        .spoiled(
            "/users?limit=10&offset=10",
            json!({"kind": "moving", "rows": 2}),
        )
        .await;
    assert_eq!(moved["offset"], 10);
    assert_eq!(ids(&moved)[2..], true_page[..8]);
    let lost = office
        .spoiled(
            "/users?limit=10&offset=10",
            json!({"kind": "moving", "rows": -2}),
        )
        .await;
    assert_eq!(ids(&lost)[..8], true_page[2..]);
}

#[tokio::test]
async fn lists_do_not_end_and_pages_are_empty() {
    let office = Office::open().await;
    let endless = office
        .spoiled("/users?limit=100", json!({"kind": "endless_more"}))
        .await;
    assert_eq!((&endless["more"], ids(&endless).len()), (&json!(true), 40));
    let empty = office
        .spoiled("/users?limit=100", json!({"kind": "empty_page"}))
        .await;
    assert_eq!((&empty["more"], ids(&empty).len()), (&json!(true), 0));
}

#[tokio::test]
async fn a_gzip_bomb_is_small_on_the_wire_and_huge_unpacked() {
    let office = Office::open().await;
    office
        .control(
            "/sim/faults",
            json!({"path_prefix": "/users", "kind": "gzip_bomb"}),
        )
        .await;
    let url = format!("{}/users", office.simulator.url());
    let request = office.client.get(url);
    let mut answer = request
        .header("authorization", "Token token=acme-api-key")
        .send()
        .await
        .unwrap();
    let mut unpacked = 0;
    while let Some(part) = answer.chunk().await.unwrap() {
        assert!(part.iter().all(|byte| *byte == b' '));
        unpacked += part.len();
        if unpacked > 64 * 1_048_576 {
            return;
        }
    }
    unreachable!("only {unpacked} bytes");
}

#[tokio::test]
async fn latency_delays_every_answer() {
    let office = Office::open().await;
    office.control("/sim/latency", json!({"ms": 120})).await;
    let started = Instant::now();
    office.get("/abilities").await;
    assert!(started.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_storm_adds_incidents_to_one_hour() {
    let office = Office::open().await;
    let start = "2026-01-10T14:00:00Z";
    office
        .control(
            "/sim/storm",
            json!({"account": "acme", "start": start, "incidents": 1_200}),
        )
        .await;
    let path = format!("/incidents?since={start}&until=2026-01-10T15:00:00Z&limit=1&total=true");
    let total = office.get(&path).await["total"].as_u64().unwrap();
    assert!((1_200..1_300).contains(&total), "{total}");
}

#[tokio::test]
async fn a_read_only_key_may_not_ask_analytics() {
    let office = Office::open().await;
    let url = format!("{}/analytics/raw/users", office.simulator.url());
    for (key, status) in [("acme-api-key", 200), ("acme-readonly-key", 403)] {
        let request = office.client.post(&url).json(&json!({}));
        let request = request.header("authorization", format!("Token token={key}"));
        assert_eq!(request.send().await.unwrap().status().as_u16(), status);
    }
}

#[tokio::test]
async fn an_app_that_is_not_installed_gets_no_token() {
    let office = Office::open().await;
    let url = format!("{}/oauth/token", office.simulator.url());
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "scoped-app"),
        ("client_secret", "scoped-secret"),
        ("scope", "as_account-us.acme users.read"),
    ];
    for (installed, status) in [(true, 200), (false, 400)] {
        let app = json!({"client_id": "scoped-app", "installed": installed});
        office.control("/sim/app", app).await;
        let answer = office.client.post(&url).form(&form).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
    }
}

#[tokio::test]
async fn analytics_has_a_quota_of_the_day() {
    let office = Office::open().await;
    office
        .control("/sim/analytics-quota", json!({"per_day": 2}))
        .await;
    let url = format!("{}/analytics/raw/users", office.simulator.url());
    for (status, left) in [(200, "1"), (200, "0"), (429, "0")] {
        let request = office.client.post(&url).json(&json!({}));
        let request = request.header("authorization", "Token token=acme-api-key");
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["daily-ratelimit-remaining"], left);
    }
}
