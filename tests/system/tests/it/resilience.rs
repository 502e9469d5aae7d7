//! Big days, killed processes and repeated deliveries change nothing.

use std::time::{Duration, Instant};

use futures::StreamExt;
use lapin::{
    BasicProperties, Channel, ExchangeKind,
    message::Delivery,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions,
        ConfirmSelectOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions,
        QueueDeleteOptions,
    },
    types::FieldTable,
};
use pagerduty_sim::world::Size;
use proto::topology::FACTS_EXCHANGE;
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use system::{Browser, Options, System, process::LOOK, stack, truth::all_users};

async fn stored_log_entries(system: &System, day: &str) -> i64 {
    let mut url = stack::superuser_url();
    url.set_path(system.dashboard_database.path());
    let mut connection = PgConnection::connect(url.as_str())
        .await
        .expect("PostgreSQL");
    let sql =
        "select count(*) from log_entries where (created_at at time zone 'utc')::date::text = $1";
    sqlx::query_scalar(sql)
        .bind(day)
        .fetch_one(&mut connection)
        .await
        .expect("a count")
}

#[tokio::test]
async fn a_day_with_17_495_log_entries_arrives_whole() {
    let system = System::start(Options::default()).await;
    let day = {
        let now = system.simulated("/sim/clock").await["now"]
            .as_str()
            .expect("now")
            .to_owned();
        let now: jiff::Timestamp = now.parse().expect("an instant");
        (now - jiff::SignedDuration::from_hours(24 * 10))
            .strftime("%F")
            .to_string()
    };
    let spike = json!({"account": "acme", "day": day, "log_entries": 17_495});
    system.simulate("/sim/spike", spike).await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    let sync = system.stored(&mut browser).await;
    assert_eq!(stored_log_entries(&system, &day).await, 17_495);
    let receipts = sync["datasets"].as_array().expect("datasets").iter();
    let log_entries = receipts
        .filter(|d| d["dataset"] == "log_entries")
        .collect::<Vec<_>>()[0];
    assert_eq!(log_entries["received"], log_entries["expected"]);
    assert_eq!(log_entries["stored"], log_entries["received"]);
    let differences = system.differences(&mut browser, "acme", 30, "").await.0;
    assert!(differences.is_empty(), "{differences:#?}");
    system.stop().await;
}

#[tokio::test]
async fn an_ingest_service_killed_again_and_again_leaves_no_hole_and_no_duplicate() {
    let mut options = Options::default();
    options.simulator.size = Size::Demo;
    let mut system = System::start(options).await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    for requests in [20, 90, 200, 400] {
        wait_for_requests(&system, requests).await;
        system.ingest.kill();
        system.ingest.spawn();
        system.ingest.ready().await;
    }
    system.stored(&mut browser).await;
    for window in [30, 90] {
        let differences = system.differences(&mut browser, "acme", window, "").await.0;
        assert!(differences.is_empty(), "{differences:#?}");
    }
    system.stop().await;
}

async fn wait_for_requests(system: &System, count: u64) {
    let end = Instant::now() + Duration::from_mins(2);
    loop {
        let summary = system.simulated("/sim/ledger/summary").await;
        if summary["requests"]
            .as_u64()
            .is_some_and(|requests| requests >= count)
        {
            return;
        }
        assert!(Instant::now() < end, "too few requests: {summary}");
        tokio::time::sleep(LOOK).await;
    }
}

#[tokio::test]
async fn a_dashboard_killed_while_it_consumes_loses_and_doubles_nothing() {
    let mut options = Options::default();
    options.simulator.size = Size::Demo;
    let mut system = System::start(options).await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    for requests in [150, 350] {
        wait_for_requests(&system, requests).await;
        system.dashboard.kill();
        system.dashboard.spawn();
        system.dashboard.ready().await;
    }
    system.stored(&mut browser).await;
    let differences = system.differences(&mut browser, "acme", 90, "").await.0;
    assert!(differences.is_empty(), "{differences:#?}");
    system.stop().await;
}

#[tokio::test]
async fn a_duplicated_and_shuffled_delivery_changes_nothing() {
    let system = System::start(Options::default()).await;
    let connection = stack::broker().await;
    let channel = connection.create_channel().await.expect("a channel");
    let tap = tap(&channel).await;
    let mut browser = system.owner("acme").await;
    system.connect(&mut browser, "admin@acme.example").await;
    system.stored(&mut browser).await;
    let before = answers(&mut browser).await;
    let messages = drain(&channel, &tap).await;
    assert!(messages.len() > 20, "only {} messages", messages.len());
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .expect("confirms");
    for message in shuffled_twice(&messages) {
        republish(&channel, message).await;
    }
    wait_until_consumed(&channel).await;
    assert_eq!(answers(&mut browser).await, before);
    system.stop().await;
}

/// A queue that gets a copy of everything.
async fn tap(channel: &Channel) -> String {
    let durable = ExchangeDeclareOptions {
        durable: true,
        ..Default::default()
    };
    let exchange = FACTS_EXCHANGE.into();
    let declared = channel.exchange_declare(
        exchange,
        ExchangeKind::Topic,
        durable,
        FieldTable::default(),
    );
    declared.await.expect("the exchange");
    let options = QueueDeclareOptions {
        exclusive: true,
        auto_delete: true,
        ..Default::default()
    };
    let queue = channel
        .queue_declare("".into(), options, FieldTable::default())
        .await
        .expect("a queue");
    let name = queue.name().to_string();
    let bind = channel.queue_bind(
        name.as_str().into(),
        FACTS_EXCHANGE.into(),
        "#".into(),
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bind.await.expect("bound");
    name
}

async fn drain(channel: &Channel, tap: &str) -> Vec<Delivery> {
    let options = BasicConsumeOptions::default();
    let consumer = channel.basic_consume(tap.into(), "tap".into(), options, FieldTable::default());
    let mut consumer = consumer.await.expect("a consumer");
    let mut messages = Vec::new();
    while let Ok(Some(delivery)) =
        tokio::time::timeout(Duration::from_millis(500), consumer.next()).await
    {
        let delivery = delivery.expect("a message");
        delivery
            .ack(BasicAckOptions::default())
            .await
            .expect("acked");
        messages.push(delivery);
    }
    let cancel = channel.basic_cancel("tap".into(), BasicCancelOptions::default());
    cancel.await.expect("cancelled");
    let delete = channel.queue_delete(tap.into(), QueueDeleteOptions::default());
    delete.await.expect("deleted");
    messages
}

/// Every message twice, in an order that has nothing to do with the original one.
fn shuffled_twice(messages: &[Delivery]) -> Vec<&Delivery> {
    let mut twice: Vec<_> = messages.iter().chain(messages).enumerate().collect();
    twice.sort_by_key(|(n, _)| (n * 7919) % 104_729);
    twice.into_iter().map(|(_, message)| message).collect()
}

async fn republish(channel: &Channel, message: &Delivery) {
    let confirm = channel
        .basic_publish(
            FACTS_EXCHANGE.into(),
            message.routing_key.clone(),
            BasicPublishOptions {
                mandatory: true,
                ..Default::default()
            },
            &message.data,
            BasicProperties::default()
                .with_delivery_mode(2)
                .with_headers(message.properties.headers().clone().unwrap_or_default()),
        )
        .await
        .expect("published");
    assert!(confirm.await.expect("an answer").is_ack());
}

async fn wait_until_consumed(channel: &Channel) {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        let mut waiting = 0;
        for lane in proto::topology::Lane::ALL {
            for partition in 0..proto::topology::PARTITIONS {
                let name = proto::topology::facts_queue(lane, partition);
                let passive = QueueDeclareOptions {
                    passive: true,
                    ..Default::default()
                };
                let queue =
                    channel.queue_declare(name.as_str().into(), passive, FieldTable::default());
                waiting += queue.await.expect("the queue").message_count();
            }
        }
        if waiting == 0 {
            return;
        }
        assert!(Instant::now() < end, "{waiting} messages are still waiting");
        tokio::time::sleep(LOOK).await;
    }
}

/// Everything the product says, less what names the generation.
async fn answers(browser: &mut Browser) -> Vec<Value> {
    let mut all = Vec::new();
    for window in [30, 90, 180] {
        for path in ["overview", "features", "licenses"] {
            let mut answer = browser
                .json(&format!("/api/v1/{path}?window={window}"))
                .await;
            answer
                .as_object_mut()
                .expect("an object")
                .remove("generation");
            all.push(answer);
        }
        all.push(json!(all_users(browser, window).await));
    }
    all
}
