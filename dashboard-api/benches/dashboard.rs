//! How fast facts are stored with their rollups, beside a plain COPY of the same rows in the same
//! run, and how long the crunch of a large organization takes. Prints one JSON object per figure;
//! `cargo dev bench dashboard` runs it.

#![allow(
    clippy::indexing_slicing,
    clippy::too_many_lines,
    clippy::unused_self,
    reason = "a synthetic account, made in one place"
)]

#[path = "dashboard/account.rs"]
mod account;
#[path = "dashboard/database.rs"]
mod database;

use std::{
    io::Write,
    time::{Duration, Instant},
};

use account::Account;
use anyhow::{Context, ensure};
use chassis::Clock;
use clap::Parser;
use dashboard_api::{
    consumer::{Broker, Consumer, Names},
    crunch::Cruncher,
    message::FactsMessage,
    metrics::Metrics,
    store::Store,
};
use futures::{StreamExt, TryStreamExt};
use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use proto::{
    ConnectionId, OrgId,
    topology::{Lane, partition, routing_key},
};
use tokio_util::sync::CancellationToken;

/// Messages on their way to the broker at once.
const IN_FLIGHT: usize = 64;
const PATIENCE: Duration = Duration::from_mins(10);

#[derive(Debug, Parser)]
struct Options {
    /// PostgreSQL as a superuser.
    #[arg(long)]
    database: String,
    /// RabbitMQ.
    #[arg(long)]
    amqp: String,
    /// Log entries of the whole year.
    #[arg(long, default_value_t = 5_000_000)]
    rows: i64,
    /// Of those, how many come through the broker.
    #[arg(long, default_value_t = 500_000)]
    measured: i64,
    #[arg(long, default_value_t = 2_000)]
    users: i64,
    /// Passed by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let account = Account {
        users: options.users,
        rows: options.rows,
    };
    let database = database::Database::create(&options.database).await?;
    let measured = measure(&options, account, &database).await;
    database.drop().await?;
    measured
}

async fn measure(
    options: &Options,
    account: Account,
    database: &database::Database,
) -> anyhow::Result<()> {
    let store = Store::lazy(&database.url())?;
    store.migrate().await?;
    let earlier = options.rows - options.measured;
    database.fill(&account, 0..earlier).await?;
    let org = OrgId(account::ORG);
    let started = Instant::now();
    store.derive_rollups(org, account::CONNECTION).await?;
    figure(
        "derive rollups",
        per_second(earlier, started.elapsed()),
        None,
    )?;
    let copied = database.copy(&account, earlier..options.rows).await?;
    let reference = per_second(options.measured, copied);
    let took = consume(options, &account, &store).await?;
    let stored = per_second(options.measured, took);
    figure("consumer with rollups", stored, Some(reference))?;
    crunch(&account, &store).await
}

/// Publishes the measured rows, then lets a consumer store them. Answers how long that took.
async fn consume(options: &Options, account: &Account, store: &Store) -> anyhow::Result<Duration> {
    let names = Names::prefixed(&format!("bench-{}.", uuid::Uuid::now_v7().simple()));
    let broker = Broker::new(options.amqp.clone().into()).isolated(names, Vec::new());
    let properties = ConnectionProperties::default();
    let connection = Connection::connect(&options.amqp, properties).await?;
    let channel = connection.create_channel().await?;
    channel
        .confirm_select(ConfirmSelectOptions::default())
        .await?;
    broker.declare(&channel).await?;
    let from = options.rows - options.measured;
    let bodies: Vec<Vec<u8>> = account.messages(from..options.rows).collect();
    let messages = bodies.len();
    publish(&channel, &broker, bodies).await?;

    let cruncher = Cruncher::new(store.clone(), Clock::System, Metrics);
    let consumer = Consumer::new(broker.clone(), store.clone(), cruncher, Clock::System);
    let stopping = CancellationToken::new();
    let started = Instant::now();
    let waiting = async {
        let done = wait_for(store, messages as i64, started).await;
        stopping.cancel();
        done
    };
    let (ran, done) = tokio::join!(consumer.run(stopping.clone()), waiting);
    ran?;
    for queue in broker.names().facts_queues() {
        let options = lapin::options::QueueDeleteOptions::default();
        channel.queue_delete(queue.as_str().into(), options).await?;
    }
    connection.close(200, "bye".into()).await?;
    done
}

async fn publish(channel: &Channel, broker: &Broker, bodies: Vec<Vec<u8>>) -> anyhow::Result<()> {
    let place = partition(ConnectionId(account::CONNECTION));
    let key = routing_key(Lane::Backfill, place);
    let exchange = broker.names().facts_exchange();
    futures::stream::iter(bodies)
        .map(|body| {
            let (key, exchange) = (key.clone(), exchange.clone());
            async move {
                let confirm = channel
                    .basic_publish(
                        exchange.as_str().into(),
                        key.as_str().into(),
                        BasicPublishOptions::default(),
                        &body,
                        BasicProperties::default().with_delivery_mode(2),
                    )
                    .await?;
                ensure!(confirm.await?.is_ack(), "the broker refused a message");
                Ok(())
            }
        })
        .buffered(IN_FLIGHT)
        .try_collect()
        .await
}

async fn wait_for(store: &Store, messages: i64, started: Instant) -> anyhow::Result<Duration> {
    loop {
        let mut tx = store.begin(OrgId(account::ORG)).await?;
        let (stored,): (i64,) = sqlx::query_as("select count(*) from pages")
            .fetch_one(&mut *tx)
            .await?;
        if stored >= messages {
            return Ok(started.elapsed());
        }
        ensure!(
            started.elapsed() < PATIENCE,
            "{stored} of {messages} messages in time"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn crunch(account: &Account, store: &Store) -> anyhow::Result<()> {
    for body in account.snapshot() {
        let message = FactsMessage::decode(&body, None)?;
        store
            .apply(message.org, &[&message], account::now())
            .await?;
    }
    for name in ["first crunch", "crunch"] {
        forget_peak();
        let cruncher = Cruncher::new(store.clone(), Clock::manual(account::now()), Metrics);
        let started = Instant::now();
        let made = cruncher.crunch_organization(OrgId(account::ORG)).await?;
        ensure!(made.is_some(), "there was nothing to crunch");
        figure(
            &format!("{name} seconds"),
            started.elapsed().as_secs_f64(),
            None,
        )?;
        figure(&format!("{name} peak memory MB"), peak_mb()?, None)?;
        store
            .force_crunch(OrgId(account::ORG), account::now())
            .await?;
    }
    Ok(())
}

fn per_second(rows: i64, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64()
}

fn figure(name: &str, value: f64, reference: Option<f64>) -> anyhow::Result<()> {
    let figure = serde_json::json!({"name": name, "value": value, "reference": reference});
    writeln!(std::io::stdout(), "{figure}")?;
    Ok(())
}

/// The kernel's highest mark of resident memory starts anew.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").ok();
}

fn peak_mb() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let text = line.and_then(|line| line.split_whitespace().nth(1));
    let kilobytes: f64 = text.context("the kernel tells no peak")?.parse()?;
    Ok(kilobytes / 1024.0)
}
