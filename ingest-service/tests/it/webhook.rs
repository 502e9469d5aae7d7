//! Events that PagerDuty pushes: received once, kept before they are answered, refused when they are not PagerDuty's or
//! cannot be kept.

use std::{collections::BTreeSet, time::Duration};

use chassis::Lifecycle;
use futures::{StreamExt, stream};
use hmac::{Hmac, KeyInit, Mac};
use ingest_service::Addrs;
use proto::{
    facts::v1::{Activity, Completeness, Dataset, envelope::Payload},
    ingest::v1::{
        DisableWebhookRequest, EnableWebhookRequest, GetWebhookRequest, Webhook, WebhookState,
        sync_service_client::SyncServiceClient,
    },
};
use reqwest::StatusCode;
use sha2::Sha256;
use sqlx::PgPool;
use tokio::time::Instant;
use tonic::{Code, transport::Channel};

use crate::{
    harness::{Harness, Published},
    service::serve,
};

const SECRET: &str = "a-secret-of-a-subscription-made-by-hand";

/// A connection with a webhook that was made by hand.
struct Receiving {
    harness: Harness,
    addrs: Addrs,
    lifecycle: Lifecycle,
    grpc: SyncServiceClient<Channel>,
    http: reqwest::Client,
}

impl Receiving {
    async fn start(pool: &PgPool) -> Self {
        let harness = Harness::start(pool).await;
        let (addrs, lifecycle) = serve(pool, &harness).await;
        let grpc = SyncServiceClient::connect(format!("http://{}", addrs.grpc)).await;
        let mut receiving = Self {
            harness,
            addrs,
            lifecycle,
            grpc: grpc.expect("connected"),
            http: reqwest::Client::new(),
        };
        receiving
            .harness
            .registrar()
            .step()
            .await
            .expect("registered");
        let webhook = receiving.enable(SECRET).await.expect("enabled");
        assert_eq!(webhook.state(), WebhookState::Waiting);
        receiving
    }

    async fn enable(&mut self, secret: &str) -> Result<Webhook, tonic::Status> {
        let request = EnableWebhookRequest {
            org_id: self.harness.lender.org.to_string(),
            connection_id: self.harness.lender.connection.to_string(),
            secret: secret.to_owned(),
        };
        let answer = self.grpc.enable_webhook(request).await?;
        Ok(answer.into_inner().webhook.expect("a webhook"))
    }

    async fn webhook(&mut self) -> Webhook {
        let request = GetWebhookRequest {
            org_id: self.harness.lender.org.to_string(),
            connection_id: self.harness.lender.connection.to_string(),
        };
        let answer = self.grpc.get_webhook(request).await.expect("answered");
        answer.into_inner().webhook.expect("a webhook")
    }

    async fn deliver(&self, body: &str, signature: &str) -> StatusCode {
        let connection = self.harness.lender.connection;
        let url = format!("http://{}/webhooks/pagerduty/{connection}", self.addrs.http);
        let sent = self
            .http
            .post(url)
            .header("X-PagerDuty-Signature", signature);
        let answer = sent.body(body.to_owned()).send().await.expect("answered");
        answer.status()
    }

    async fn event(&self, id: &str, kind: &str) -> StatusCode {
        let body = event(id, kind);
        self.deliver(&body, &signed(SECRET, &body)).await
    }

    async fn stop(self) {
        self.lifecycle.stop();
        assert!(self.lifecycle.drained().await);
    }
}

fn signed(secret: &str, body: &str) -> String {
    let keyed = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    let code = keyed.chain_update(body).finalize().into_bytes();
    format!("v1={}", hex::encode(code))
}

fn event(id: &str, kind: &str) -> String {
    serde_json::json!({"event": {
        "id": id, "event_type": kind, "resource_type": "incident", "occurred_at": "2026-08-19T12:00:00.123Z",
        "agent": {"id": "PUSER", "type": "user_reference", "summary": "A Person"}, "client": null,
        "data": {"id": "QINCIDENT", "type": "incident", "title": "this-must-not-leave"},
    }})
    .to_string()
}

fn activities(published: &Published) -> Vec<Activity> {
    let mut found = Vec::new();
    for envelope in &published.envelopes {
        if let (Dataset::Webhooks, Some(Payload::Activities(list))) =
            (envelope.dataset(), &envelope.payload)
        {
            found.extend(list.records.clone());
        }
    }
    found
}

#[sqlx::test(migrations = "./migrations")]
async fn an_event_is_kept_once_however_often_it_comes(pool: PgPool) {
    let mut receiving = Receiving::start(&pool).await;
    let kinds = [
        ("01A", "incident.acknowledged"),
        ("01B", "incident.workflow.started"),
        ("01C", "incident.brand_new_kind"),
    ];
    for (id, kind) in kinds {
        for _ in 0..3 {
            assert_eq!(receiving.event(id, kind).await, StatusCode::ACCEPTED);
        }
    }
    let body = event("01D", "incident.resolved");
    let several = format!("v2=00, v1={} ,{}", "ab".repeat(32), signed(SECRET, &body));
    assert_eq!(
        receiving.deliver(&body, &several).await,
        StatusCode::ACCEPTED
    );
    for useless in [
        r#"{"event":{"event_type":"x"}}"#,
        "[]",
        "not JSON",
        "<html>",
    ] {
        let status = receiving.deliver(useless, &signed(SECRET, useless)).await;
        assert_eq!(status, StatusCode::ACCEPTED, "{useless}");
    }
    let published = receiving.harness.published().await;
    let found = activities(&published);
    let ids: Vec<_> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["01A", "01B", "01C", "01D"]);
    assert_eq!(
        (found[0].agent_id.as_str(), found[0].incident_id.as_str()),
        ("PUSER", "QINCIDENT")
    );
    assert!(!format!("{published:?}").contains("this-must-not-leave"));
    let webhook = receiving.webhook().await;
    assert_eq!(
        (webhook.state(), webhook.events),
        (WebhookState::Receiving, 4)
    );
    receiving.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn what_is_not_pagerdutys_is_refused_and_leaves_nothing(pool: PgPool) {
    let mut receiving = Receiving::start(&pool).await;
    let body = event("01A", "incident.acknowledged");
    let other = event("01B", "incident.acknowledged");
    let another_secret = signed("another-secret-that-is-long-enough", &body);
    for signature in ["", "v1=", "v1=00", &another_secret, &signed(SECRET, &other)] {
        assert_eq!(
            receiving.deliver(&body, signature).await,
            StatusCode::UNAUTHORIZED
        );
    }
    let too_large = "x".repeat(600 * 1024);
    let status = receiving
        .deliver(&too_large, &signed(SECRET, &too_large))
        .await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    for stranger in ["x", "00000000-0000-7000-8000-000000000000"] {
        let url = format!(
            "http://{}/webhooks/pagerduty/{stranger}",
            receiving.addrs.http
        );
        let answer = receiving
            .http
            .post(url)
            .body(body.clone())
            .send()
            .await
            .expect("answered");
        assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    }
    assert!(activities(&receiving.harness.published().await).is_empty());
    assert_eq!(receiving.webhook().await.state(), WebhookState::Waiting);
    receiving.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn an_event_that_cannot_be_kept_is_asked_for_again(pool: PgPool) {
    let receiving = Receiving::start(&pool).await;
    // Nobody vouches for the secret: it is in no memory yet.
    let ill = &receiving.harness.lender.ill;
    ill.store(true, std::sync::atomic::Ordering::SeqCst);
    let refused = StatusCode::SERVICE_UNAVAILABLE;
    assert_eq!(
        receiving.event("01A", "incident.acknowledged").await,
        refused
    );
    ill.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        receiving.event("01A", "incident.acknowledged").await,
        StatusCode::ACCEPTED
    );
    // From now on auth-service may be away.
    ill.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(
        receiving.event("01B", "incident.acknowledged").await,
        StatusCode::ACCEPTED
    );
    // The broker has nowhere to put it.
    let mut published = receiving.harness.published().await;
    receiving.harness.delete_queue().await;
    assert_eq!(
        receiving.event("01C", "incident.acknowledged").await,
        refused
    );
    receiving.harness.declare_queue().await;
    assert_eq!(
        receiving.event("01C", "incident.acknowledged").await,
        StatusCode::ACCEPTED
    );
    // The database hangs.
    let mut tx = pool.begin().await.expect("begun");
    sqlx::query("lock table webhook_events in access exclusive mode")
        .execute(&mut *tx)
        .await
        .expect("locked");
    assert_eq!(
        receiving.event("01D", "incident.acknowledged").await,
        refused
    );
    tx.rollback().await.expect("unlocked");
    assert_eq!(
        receiving.event("01D", "incident.acknowledged").await,
        StatusCode::ACCEPTED
    );
    receiving.harness.drain(&mut published).await;
    let found = activities(&published);
    let ids: BTreeSet<_> = found.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(ids, BTreeSet::from(["01A", "01B", "01C", "01D"]));
    receiving.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_burst_is_answered_in_time_and_what_was_accepted_is_stored(pool: PgPool) {
    const BURST: usize = 4_000;
    const AT_ONCE: usize = 100;
    let mut receiving = Receiving::start(&pool).await;
    assert_eq!(
        receiving.event("warm", "incident.triggered").await,
        StatusCode::ACCEPTED
    );
    let started = Instant::now();
    let deliveries = stream::iter(0..BURST).map(|n| {
        let receiving = &receiving;
        async move {
            let started = Instant::now();
            let status = receiving
                .event(&format!("E{n:05}"), "incident.acknowledged")
                .await;
            (n, status, started.elapsed())
        }
    });
    let answers: Vec<_> = deliveries.buffer_unordered(AT_ONCE).collect().await;
    let took = started.elapsed();
    let mut waits: Vec<Duration> = answers.iter().map(|(_, _, wait)| *wait).collect();
    waits.sort();
    let p99 = waits[BURST * 99 / 100];
    let accepted: BTreeSet<String> = answers
        .iter()
        .filter(|(_, status, _)| *status == StatusCode::ACCEPTED)
        .map(|(n, _, _)| format!("E{n:05}"))
        .collect();
    let found = activities(&receiving.harness.published().await);
    let stored: BTreeSet<String> = found.iter().map(|one| one.id.clone()).collect();
    let lost = accepted.difference(&stored).count();
    println!(
        "{BURST} events in {took:?}, p99 {p99:?}, longest {:?}, accepted {}, lost {lost}",
        waits[BURST - 1],
        accepted.len()
    );
    assert_eq!((accepted.len(), lost), (BURST, 0));
    assert_eq!(receiving.webhook().await.events, BURST as i64 + 1);
    assert!(p99 <= Duration::from_millis(500), "p99 {p99:?}");
    receiving.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_webhook_is_covered_from_its_first_event_and_forgotten_when_disabled(pool: PgPool) {
    let mut receiving = Receiving::start(&pool).await;
    assert!(!receiving.harness.states().await.contains_key("webhooks"));
    assert_eq!(
        receiving.event("01A", "incident.acknowledged").await,
        StatusCode::ACCEPTED
    );
    let state = receiving
        .harness
        .states()
        .await
        .remove("webhooks")
        .expect("known");
    assert_eq!(state.completeness, Completeness::Complete);
    assert!(state.covered_from.is_some() && state.covered_from <= state.covered_to);
    let first = state.covered_from;
    assert_eq!(
        receiving.event("01B", "incident.acknowledged").await,
        StatusCode::ACCEPTED
    );
    let state = receiving
        .harness
        .states()
        .await
        .remove("webhooks")
        .expect("known");
    assert_eq!(state.covered_from, first);

    let request = DisableWebhookRequest {
        org_id: receiving.harness.lender.org.to_string(),
        connection_id: receiving.harness.lender.connection.to_string(),
    };
    let answer = receiving
        .grpc
        .disable_webhook(request)
        .await
        .expect("disabled");
    let webhook = answer.into_inner().webhook.expect("a webhook");
    assert_eq!(webhook.state(), WebhookState::Off);
    assert!(
        webhook.reason.contains("INGEST_PUBLIC_URL"),
        "{}",
        webhook.reason
    );
    assert!(!receiving.harness.states().await.contains_key("webhooks"));
    receiving.stop().await;
}

#[sqlx::test(migrations = "./migrations")]
async fn a_secret_is_exchanged_without_a_pause_and_kept_sealed(pool: PgPool) {
    const NEW: &str = "a-newer-secret-of-the-subscription";
    let mut receiving = Receiving::start(&pool).await;
    assert_eq!(
        receiving.event("01A", "incident.acknowledged").await,
        StatusCode::ACCEPTED
    );
    let short = receiving.enable("short").await.expect_err("no secret");
    assert_eq!(short.code(), Code::InvalidArgument);
    let missing = receiving
        .enable("")
        .await
        .expect_err("nowhere to deliver to");
    assert_eq!(missing.code(), Code::FailedPrecondition);
    assert_eq!(
        chassis::code::reason(&missing).as_deref(),
        Some("NO_PUBLIC_URL")
    );
    receiving.enable(NEW).await.expect("enabled");
    let body = event("01B", "incident.acknowledged");
    // The old secret is remembered for a moment: what it does not fit is looked up.
    let deadline = Instant::now() + Duration::from_secs(10);
    while receiving.deliver(&body, &signed(NEW, &body)).await != StatusCode::ACCEPTED {
        assert!(Instant::now() < deadline, "the new secret is found");
    }
    let (sealed,): (Vec<u8>,) = sqlx::query_as("select secret from webhooks")
        .fetch_one(&pool)
        .await
        .expect("kept");
    assert_ne!(sealed, NEW.as_bytes());
    receiving.stop().await;
}
