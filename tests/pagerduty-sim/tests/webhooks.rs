//! Webhooks: subscriptions, signatures, retries, drops, and events that are true in the account as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on must fail"
)]

#[path = "harness/listener.rs"]
mod listener;

use std::time::{Duration, Instant};

use listener::Listener;
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

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.simulator.url());
        let request = self
            .client
            .request(method.parse().unwrap(), url)
            .header("authorization", "Token token=acme-api-key");
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (
            status,
            serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        )
    }

    async fn subscribe(&self, url: &str) -> Value {
        let draft = json!({"webhook_subscription": {
            "type": "webhook_subscription",
            "delivery_method": {"type": "http_delivery_method", "url": url},
            "events": ["incident.acknowledged", "incident.annotated", "incident.workflow.started", "pagey.ping"],
            "filter": {"type": "account_reference"},
        }});
        let (status, body) = self
            .send("POST", "/webhook_subscriptions", Some(draft))
            .await;
        assert_eq!(status, 200, "{body}");
        body["webhook_subscription"].clone()
    }

    async fn emit(&self, order: Value) -> Vec<Value> {
        let (status, body) = self.send("POST", "/sim/webhooks/emit", Some(order)).await;
        assert_eq!(status, 200, "{body}");
        body["events"].as_array().unwrap().clone()
    }

    /// Waits until the book says what it should.
    async fn until(&self, name: &str, count: u64) -> Value {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let (_, book) = self.send("GET", "/sim/webhooks", None).await;
            if book[name].as_u64() == Some(count) {
                return book;
            }
            assert!(Instant::now() < deadline, "{name} is not {count}: {book}");
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn the_secret_is_told_once_and_signs_every_delivery() {
    let (office, listener) = (Office::open().await, Listener::open(vec![]).await);
    let subscription = office.subscribe(&listener.url).await;
    let secret = subscription["delivery_method"]["secret"].as_str().unwrap();
    let path = format!(
        "/webhook_subscriptions/{}",
        subscription["id"].as_str().unwrap()
    );
    let (_, shown) = office.send("GET", &path, None).await;
    assert!(shown["webhook_subscription"]["delivery_method"]["secret"].is_null());
    let (status, _) = office.send("POST", &format!("{path}/ping"), None).await;
    assert_eq!(status, 202);
    office.until("accepted", 1).await;
    let order =
        json!({"account": "acme", "events": ["incident.acknowledged"], "second_signature": true});
    office.emit(order).await;
    office.until("accepted", 2).await;
    let got = listener.got();
    assert_eq!(got[0].body["event"]["event_type"], "pagey.ping");
    assert_eq!(got[1].body["event"]["event_type"], "incident.acknowledged");
    for (request, count) in got.iter().zip([1, 2]) {
        assert_eq!(request.signatures.len(), count);
        assert!(
            request
                .signatures
                .contains(&listener::sign(secret, &request.raw))
        );
    }
}

#[tokio::test]
async fn server_errors_are_tried_again_with_the_same_webhook_id() {
    let (office, listener) = (Office::open().await, Listener::open(vec![503, 429]).await);
    office.subscribe(&listener.url).await;
    let order = json!({"account": "acme", "events": ["incident.acknowledged"]});
    office.emit(order).await;
    let book = office.until("accepted", 1).await;
    assert_eq!(book["posts"], 3);
    let got = listener.got();
    assert!(
        got.iter()
            .all(|request| request.webhook_id == got[0].webhook_id)
    );
}

#[tokio::test]
async fn three_refusals_in_a_row_disable_the_subscription() {
    let (office, listener) = (Office::open().await, Listener::open(vec![400; 3]).await);
    let subscription = office.subscribe(&listener.url).await;
    let path = format!(
        "/webhook_subscriptions/{}",
        subscription["id"].as_str().unwrap()
    );
    for dropped in 1..=3 {
        office
            .emit(json!({"account": "acme", "events": ["incident.acknowledged"]}))
            .await;
        office.until("dropped", dropped).await;
    }
    let (_, shown) = office.send("GET", &path, None).await;
    let method = &shown["webhook_subscription"]["delivery_method"];
    assert_eq!(method["temporarily_disabled"], true);
    office
        .emit(json!({"account": "acme", "events": ["incident.acknowledged"]}))
        .await;
    office.until("sent", 3).await;
    office.send("POST", &format!("{path}/enable"), None).await;
    office
        .emit(json!({"account": "acme", "events": ["incident.acknowledged"]}))
        .await;
    office.until("accepted", 1).await;
}

#[tokio::test]
async fn what_is_emitted_is_true_in_the_account_and_counts_once() {
    let office = Office::open().await;
    let (_, clock) = office.send("GET", "/sim/clock", None).await;
    let from = clock["now"].as_str().unwrap();
    let truth = |query: String| {
        let office = &office;
        async move {
            office
                .send("GET", &format!("/sim/truth?account=acme&{query}"), None)
                .await
                .1
        }
    };
    let uses = |truth: &Value, feature: &str| truth["features"][feature]["uses"].as_u64().unwrap();
    let before = truth(String::new()).await;
    let events = [
        "incident.acknowledged",
        "incident.annotated",
        "incident.workflow.started",
        "incident.priority_updated",
    ];
    let emitted = office
        .emit(json!({"account": "acme", "events": events, "lose": 2}))
        .await;
    assert_eq!(emitted.len(), 4);
    office
        .send("POST", "/sim/clock", Some(json!({"advance_seconds": 5})))
        .await;
    let polled = truth(String::new()).await;
    assert_eq!(uses(&polled, "ack"), uses(&before, "ack") + 1);
    assert_eq!(uses(&polled, "workflow_run"), 0);
    let heard = truth(format!("webhooks_from={from}")).await;
    assert_eq!(uses(&heard, "ack"), uses(&before, "ack") + 1);
    assert_eq!(uses(&heard, "workflow_run"), 1);
    assert_eq!(uses(&heard, "priority"), uses(&polled, "priority") + 1);
    let provisional = truth(format!("webhooks_from={from}&log_entries_to={from}")).await;
    assert_eq!(uses(&provisional, "ack"), uses(&before, "ack") + 1);
    let unheard = truth(format!("log_entries_to={from}")).await;
    assert_eq!(uses(&unheard, "ack"), uses(&before, "ack"));
    let since = from.split('.').next().unwrap();
    let (_, entries) = office
        .send(
            "GET",
            &format!("/log_entries?since={since}Z&limit=100"),
            None,
        )
        .await;
    let found = entries["log_entries"].as_array().unwrap();
    assert!(
        found
            .iter()
            .any(|entry| entry["type"] == "acknowledge_log_entry")
    );
}

#[tokio::test]
async fn events_of_all_types_are_delivered_in_a_burst() {
    let (office, listener) = (Office::open().await, Listener::open(vec![]).await);
    office.subscribe(&listener.url).await;
    let emitted = office
        .emit(json!({"account": "acme", "events": 600, "duplicate": 30, "shuffle": true}))
        .await;
    assert_eq!(emitted.len(), 600);
    let wanted = [
        "incident.acknowledged",
        "incident.annotated",
        "incident.workflow.started",
    ];
    let is_wanted = |event: &Value| wanted.contains(&event["event_type"].as_str().unwrap());
    let count = emitted.iter().filter(|event| is_wanted(event)).count();
    let again = emitted[..30]
        .iter()
        .filter(|event| is_wanted(event))
        .count();
    office.until("accepted", (count + again) as u64).await;
}
