//! Subscribing by ourselves, with PagerDuty's side played by the simulator: it delivers, repeats, gives up and disables as
//! PagerDuty does.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use chassis::Lifecycle;
use ingest_service::{dataset::Datasets, run::RunState, store::RunView};
use proto::{
    facts::v1::{Completeness, Dataset, envelope::Payload},
    ingest::v1::{
        DisableWebhookRequest, EnableWebhookRequest, GetWebhookRequest, StartSyncRequest,
        WatchSyncRequest, Webhook, WebhookState, sync_service_client::SyncServiceClient,
    },
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::Instant;
use tonic::{Code, transport::Channel};

use crate::{
    harness::{Harness, Published},
    service::serve_at,
};

/// A service that the simulated PagerDuty can reach.
struct Subscribed {
    harness: Harness,
    lifecycle: Lifecycle,
    grpc: SyncServiceClient<Channel>,
    http: reqwest::Client,
}

impl Subscribed {
    async fn start(pool: &PgPool, scopes: Option<&str>) -> Self {
        let mut harness = Harness::start(pool).await;
        harness.settings.datasets = Datasets::only(&[Dataset::LogEntries]);
        if let Some(scopes) = scopes {
            harness.lender.narrow(&harness.simulator, scopes).await;
        }
        let public = free_port().await;
        let url = format!("http://{public}").parse().expect("a URL");
        let (addrs, lifecycle) = serve_at(pool, &harness, (public, Some(url))).await;
        harness.registrar().step().await.expect("registered");
        let grpc = SyncServiceClient::connect(format!("http://{}", addrs.grpc)).await;
        Self {
            harness,
            lifecycle,
            grpc: grpc.expect("connected"),
            http: reqwest::Client::new(),
        }
    }

    fn ids(&self) -> (String, String) {
        let lender = &self.harness.lender;
        (lender.org.to_string(), lender.connection.to_string())
    }

    async fn enable(&mut self) -> Result<Webhook, tonic::Status> {
        let (org_id, connection_id) = self.ids();
        let request = EnableWebhookRequest {
            org_id,
            connection_id,
            secret: String::new(),
        };
        let answer = self.grpc.enable_webhook(request).await?;
        Ok(answer.into_inner().webhook.expect("a webhook"))
    }

    async fn disable(&mut self) -> Webhook {
        let (org_id, connection_id) = self.ids();
        let request = DisableWebhookRequest {
            org_id,
            connection_id,
        };
        let answer = self.grpc.disable_webhook(request).await.expect("disabled");
        answer.into_inner().webhook.expect("a webhook")
    }

    async fn webhook(&mut self) -> Webhook {
        let (org_id, connection_id) = self.ids();
        let request = GetWebhookRequest {
            org_id,
            connection_id,
        };
        let answer = self.grpc.get_webhook(request).await.expect("answered");
        answer.into_inner().webhook.expect("a webhook")
    }

    async fn until(&mut self, state: WebhookState) -> Webhook {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let webhook = self.webhook().await;
            if webhook.state() == state {
                return webhook;
            }
            assert!(Instant::now() < deadline, "{webhook:?} is not {state:?}");
            tokio::task::yield_now().await;
        }
    }

    async fn sim(&self, path: &str, body: Option<Value>) -> Value {
        let url = format!("{}/sim/{path}", self.harness.simulator.url());
        let request = match body {
            Some(body) => self.http.post(url).json(&body),
            None => self.http.get(url),
        };
        let answer = request.send().await.expect("answered");
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap_or(Value::Null)
    }

    /// Waits until PagerDuty has nothing left to deliver, and answers what it says of it.
    async fn delivered(&self) -> Value {
        // The sums alone; looking must not take the time that is measured.
        let sums = "webhooks?since=1000000000";
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        let deadline = Instant::now() + Duration::from_mins(1);
        loop {
            looks.tick().await;
            let told = self.sim(sums, None).await;
            if told["pending"] == 0 {
                return told;
            }
            assert!(Instant::now() < deadline, "{told}");
        }
    }

    /// A run by the service itself, to its end.
    async fn run(&mut self) -> RunView {
        let (org_id, connection_id) = self.ids();
        let request = StartSyncRequest {
            org_id: org_id.clone(),
            connection_id: connection_id.clone(),
        };
        self.grpc.start_sync(request).await.expect("started");
        let request = WatchSyncRequest {
            org_id,
            connection_id,
        };
        let watching = self.grpc.watch_sync(request).await;
        let mut changes = watching.expect("watching").into_inner();
        while changes.message().await.expect("a change").is_some() {}
        self.harness.newest_run().await
    }

    async fn stop(self) {
        self.lifecycle.stop();
        assert!(self.lifecycle.drained().await);
    }
}

async fn free_port() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    listener.local_addr().expect("bound")
}

fn events(published: &Published) -> Vec<String> {
    let mut ids = Vec::new();
    for envelope in &published.envelopes {
        if let (Dataset::Webhooks, Some(Payload::Activities(list))) =
            (envelope.dataset(), &envelope.payload)
        {
            ids.extend(list.records.iter().map(|one| one.id.clone()));
        }
    }
    ids
}

#[sqlx::test(migrations = "./migrations")]
async fn a_subscription_is_made_tried_and_removed_without_a_person(pool: PgPool) {
    let mut subscribed = Subscribed::start(&pool, None).await;
    let before = subscribed.webhook().await;
    assert_eq!(
        (before.state(), before.can_subscribe),
        (WebhookState::Off, true)
    );
    let made = subscribed.enable().await.expect("enabled");
    assert!(made.url.ends_with(&subscribed.ids().1), "{}", made.url);
    // The ping that was asked for is the first delivery.
    subscribed.until(WebhookState::Receiving).await;
    let again = subscribed.enable().await.expect("enabled");
    assert_eq!(again.subscribed_at, made.subscribed_at, "one is enough");
    let told = subscribed.sim("webhooks", None).await;
    assert_eq!(told["subscriptions"].as_array().map(Vec::len), Some(1));
    let order = json!({"account": "acme", "events": ["incident.acknowledged", "incident.workflow.started"]});
    subscribed.sim("webhooks/emit", Some(order)).await;
    subscribed.delivered().await;
    assert_eq!(events(&subscribed.harness.published().await).len(), 2);
    let off = subscribed.disable().await;
    assert_eq!(off.state(), WebhookState::Off);
    let told = subscribed.sim("webhooks", None).await;
    assert_eq!(told["subscriptions"].as_array().map(Vec::len), Some(0));
    subscribed.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn an_access_that_may_not_subscribe_says_what_it_lacks(pool: PgPool) {
    let mut subscribed = Subscribed::start(&pool, Some("users.read incidents.read")).await;
    let refused = subscribed.enable().await.expect_err("not allowed");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(
        refused.message().contains("webhook_subscriptions.write"),
        "{refused}"
    );
    let webhook = subscribed.webhook().await;
    assert_eq!(
        (webhook.state(), webhook.can_subscribe),
        (WebhookState::Off, false)
    );
    assert!(
        webhook.reason.contains("paste its secret"),
        "{}",
        webhook.reason
    );
    assert!(!webhook.url.is_empty());
    subscribed.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_burst_of_the_simulator_is_accepted_whole(pool: PgPool) {
    const BURST: u64 = 4_000;
    let mut subscribed = Subscribed::start(&pool, None).await;
    subscribed.enable().await.expect("enabled");
    subscribed.until(WebhookState::Receiving).await;
    let told = subscribed.delivered().await;
    let (sent_before, accepted_before) = (told["sent"].as_u64(), told["accepted"].as_u64());
    let started = Instant::now();
    let order = json!({"account": "acme", "events": BURST});
    subscribed.sim("webhooks/emit", Some(order)).await;
    let told = subscribed.delivered().await;
    let took = started.elapsed();
    let subscribed_to = told["sent"]
        .as_u64()
        .zip(sent_before)
        .map(|(now, before)| now - before);
    let accepted = told["accepted"]
        .as_u64()
        .zip(accepted_before)
        .map(|(now, before)| now - before);
    let stored: BTreeSet<String> = events(&subscribed.harness.published().await)
        .into_iter()
        .collect();
    println!(
        "{subscribed_to:?} sent, {accepted:?} accepted, {} stored in {took:?}; post_ms {}, total_ms {}",
        stored.len(),
        told["post_ms"],
        told["total_ms"]
    );
    assert_eq!(accepted, subscribed_to);
    assert_eq!(Some(stored.len() as u64), accepted);
    assert_eq!(told["dropped"], 0);
    subscribed.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_run_confirms_what_is_covered_and_notices_a_removed_subscription(pool: PgPool) {
    let mut subscribed = Subscribed::start(&pool, None).await;
    subscribed.enable().await.expect("enabled");
    subscribed.until(WebhookState::Receiving).await;
    let first = subscribed
        .harness
        .states()
        .await
        .remove("webhooks")
        .expect("known");
    assert_eq!(first.completeness, Completeness::Complete);
    let run = subscribed.run().await;
    assert_eq!(run.state, RunState::Succeeded, "{}", run.reason);
    let later = subscribed
        .harness
        .states()
        .await
        .remove("webhooks")
        .expect("known");
    assert_eq!(later.covered_from, first.covered_from);
    assert!(
        later.covered_to >= Some(run.as_of),
        "{later:?} at {}",
        run.as_of
    );
    let published = subscribed.harness.published().await;
    let finished = published.finished().expect("the end");
    let told = finished
        .datasets
        .iter()
        .find(|one| one.dataset() == Dataset::Webhooks);
    assert!(told.is_some_and(|one| one.completeness() == Completeness::Complete));

    let told = subscribed.sim("webhooks", None).await;
    let id = told["subscriptions"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    subscribed.remove_at_pagerduty(&id).await;
    subscribed.run().await;
    let webhook = subscribed.until(WebhookState::Silent).await;
    assert!(
        webhook.reason.contains("removed at PagerDuty"),
        "{}",
        webhook.reason
    );
    let state = subscribed
        .harness
        .states()
        .await
        .remove("webhooks")
        .expect("known");
    assert_eq!(state.completeness, Completeness::Partial);
    // Another one is made, and covers from its first delivery.
    subscribed.enable().await.expect("enabled");
    subscribed.until(WebhookState::Receiving).await;
    let state = subscribed
        .harness
        .states()
        .await
        .remove("webhooks")
        .expect("known");
    assert_eq!(state.completeness, Completeness::Complete);
    assert!(state.covered_from > first.covered_from);
    subscribed.stop().await;
}

impl Subscribed {
    async fn remove_at_pagerduty(&self, id: &str) {
        let url = format!(
            "{}/webhook_subscriptions/{id}",
            self.harness.simulator.url()
        );
        let token = crate::harness::fresh_token(&self.harness.simulator).await;
        let answer = self.http.delete(url).bearer_auth(token).send().await;
        assert!(answer.expect("answered").status().is_success());
    }
}
