//! From the queue to the tables: at least once on the wire, exactly once in the rows. A batch is
//! acknowledged when each of its messages is committed, waiting in a retry queue, or parked.

pub mod broker;
mod verdict;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chassis::Clock;
use futures::StreamExt;
use lapin::{
    Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, ConfirmSelectOptions},
    types::FieldTable,
};
use proto::OrgId;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub use self::{
    broker::{Broker, BrokerError, Names},
    verdict::is_trouble,
};
use self::{
    broker::{Letter, PublishError},
    verdict::{Verdict, after_failure},
};
use crate::{
    crunch::Cruncher,
    message::FactsMessage,
    metrics::Metrics,
    store::{Store, StoreError},
};

/// Unacknowledged messages per queue: bounds the memory together with the size of a page. Two
/// batches, so that the next one is here when the database is done with the one before.
const PREFETCH: u16 = 200;
/// Messages in one batch: the larger, the fewer times the same rollup row is moved.
const BATCH: usize = 100;
/// Longest wait for a batch to fill.
const LINGER: Duration = Duration::from_millis(20);
/// Waits while the database or the broker is away, doubling from the first to the last.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Consuming was interrupted; what was not acknowledged comes again.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error("the process stops")]
    Stopping,
    #[error("the channel was lost")]
    Channel(#[from] lapin::Error),
    #[error("a message could not be set aside")]
    SetAside(#[from] PublishError),
    #[error("the broker is not ready")]
    Broker(#[from] BrokerError),
    #[error("the broker ended the consumer of `{0}`")]
    Cancelled(String),
}

/// Consumes every facts queue.
#[derive(Debug, Clone)]
pub struct Consumer {
    broker: Broker,
    store: Store,
    cruncher: Cruncher,
    clock: Clock,
    metrics: Metrics,
    connected: Arc<AtomicBool>,
}

impl Consumer {
    pub fn new(broker: Broker, store: Store, cruncher: Cruncher, clock: Clock) -> Self {
        Self {
            broker,
            store,
            cruncher,
            clock,
            metrics: Metrics,
            connected: Arc::default(),
        }
    }

    /// Whether the queues are being consumed, for the readiness check.
    pub fn is_connected(&self) -> bool {
        self.connected.load(Ordering::Relaxed)
    }

    /// Consumes until the process stops; connects again whenever the broker is lost.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), std::convert::Infallible> {
        let mut wait = FIRST_WAIT;
        while !stopping.is_cancelled() {
            let started = Instant::now();
            let ended = self.consume(&stopping).await;
            self.connected.store(false, Ordering::Relaxed);
            match ended {
                Err(Interrupted::Stopping) | Ok(()) => continue,
                Err(error) => tell_interrupted(&error),
            }
            if started.elapsed() > LONGEST_WAIT {
                wait = FIRST_WAIT;
            }
            pause(wait, &stopping).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        Ok(())
    }

    async fn consume(&self, stopping: &CancellationToken) -> Result<(), Interrupted> {
        let connection = self.broker.connect().await?;
        let declaring = connection.create_channel().await?;
        self.broker.declare(&declaring).await?;
        let mut queues = Vec::new();
        for queue in self.broker.names().facts_queues() {
            let channel = connection.create_channel().await?;
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            channel
                .basic_qos(PREFETCH, BasicQosOptions::default())
                .await?;
            queues.push(self.drain(channel, queue, stopping));
        }
        self.connected.store(true, Ordering::Relaxed);
        tracing::info!(queues = queues.len(), "consuming");
        let ended = futures::future::try_join_all(queues).await.map(drop);
        connection.close(200, "bye".into()).await.ok();
        ended
    }

    /// Batches of one queue until the process stops or the channel is lost.
    async fn drain(
        &self,
        channel: Channel,
        queue: String,
        stopping: &CancellationToken,
    ) -> Result<(), Interrupted> {
        let mut deliveries = channel
            .basic_consume(
                queue.as_str().into(),
                "".into(),
                BasicConsumeOptions::default(),
                FieldTable::default(),
            )
            .await?;
        loop {
            let first = tokio::select! {
                () = stopping.cancelled() => return Err(Interrupted::Stopping),
                next = deliveries.next() => next,
            };
            let first = first.ok_or_else(|| Interrupted::Cancelled(queue.clone()))??;
            let mut batch = vec![first];
            let until = tokio::time::sleep(LINGER);
            tokio::pin!(until);
            while batch.len() < BATCH {
                tokio::select! {
                    () = &mut until => break,
                    next = deliveries.next() => match next {
                        Some(delivery) => batch.push(delivery?),
                        None => return Err(Interrupted::Cancelled(queue)),
                    }
                }
            }
            self.settle(&channel, batch, stopping).await?;
        }
    }

    /// Brings every message of a batch to where it belongs, then acknowledges all of them.
    async fn settle(
        &self,
        channel: &Channel,
        batch: Vec<Delivery>,
        stopping: &CancellationToken,
    ) -> Result<(), Interrupted> {
        let Some(last) = batch.last().map(|delivery| delivery.delivery_tag) else {
            return Ok(());
        };
        let mut by_org: BTreeMap<OrgId, Vec<(Letter, FactsMessage)>> = BTreeMap::new();
        for delivery in batch {
            let letter = Letter::from(delivery);
            match FactsMessage::decode(&letter.body, letter.trace_id()) {
                Ok(message) => by_org
                    .entry(message.org)
                    .or_default()
                    .push((letter, message)),
                Err(malformed) => {
                    self.metrics.message_parked();
                    tracing::warn!(reason = %malformed, "message parked");
                    self.broker
                        .park(channel, &letter, &malformed.to_string())
                        .await?;
                }
            }
        }
        for (org, letters) in &by_org {
            let span = tracing::info_span!("store", %org, messages = letters.len());
            if let Some(parent) = letters.iter().find_map(|(letter, _)| letter.traceparent()) {
                chassis::trace::adopt(&span, &parent);
            }
            self.apply(channel, *org, letters, stopping)
                .instrument(span)
                .await?;
        }
        channel
            .basic_ack(last, BasicAckOptions { multiple: true })
            .await?;
        Ok(())
    }

    /// Stores the messages of one organization. Halves the batch around a message that cannot be
    /// stored, so that it does not hold the others; waits as long as the database is away.
    async fn apply(
        &self,
        channel: &Channel,
        org: OrgId,
        letters: &[(Letter, FactsMessage)],
        stopping: &CancellationToken,
    ) -> Result<(), Interrupted> {
        let mut wait = FIRST_WAIT;
        let mut parts = vec![letters];
        while let Some(part) = parts.pop() {
            match self.store_part(org, part).await {
                Ok(()) => wait = FIRST_WAIT,
                Err(error) if error.is_trouble() => {
                    tell_away(&error);
                    self.metrics.batch_waited();
                    self.store.distrust(&error);
                    pause(wait, stopping).await;
                    if stopping.is_cancelled() {
                        return Err(Interrupted::Stopping);
                    }
                    wait = (wait * 2).min(LONGEST_WAIT);
                    parts.push(part);
                }
                Err(error) => {
                    if let [(letter, _)] = part {
                        self.set_aside(channel, letter, &error).await?;
                    } else {
                        let (left, right) = part.split_at(part.len() / 2);
                        parts.extend([right, left]);
                    }
                }
            }
        }
        Ok(())
    }

    async fn store_part(
        &self,
        org: OrgId,
        part: &[(Letter, FactsMessage)],
    ) -> Result<(), StoreError> {
        let started = Instant::now();
        let messages: Vec<&FactsMessage> = part.iter().map(|(_, message)| message).collect();
        let applied = self.store.apply(org, &messages, self.clock.now()).await?;
        let records = messages
            .iter()
            .filter_map(|message| message.records())
            .sum();
        let seconds = started.elapsed().as_secs_f64();
        self.metrics.batch_stored(messages.len(), records, seconds);
        if applied.crunch_due {
            self.cruncher.poke();
        }
        Ok(())
    }

    async fn set_aside(
        &self,
        channel: &Channel,
        letter: &Letter,
        error: &StoreError,
    ) -> Result<(), Interrupted> {
        let reason = reason(error);
        match after_failure(letter.attempt(), self.broker.retry_delays()) {
            Verdict::Retry { delay, attempt } => {
                tracing::warn!(%reason, attempt, "message set aside for another attempt");
                self.metrics.message_retried();
                self.broker.retry(channel, letter, delay, attempt).await?;
            }
            Verdict::Park => {
                tracing::error!(%reason, "message parked");
                self.metrics.message_parked();
                self.broker.park(channel, letter, &reason).await?;
            }
        }
        Ok(())
    }
}

fn tell_interrupted(error: &Interrupted) {
    let cause: &dyn std::error::Error = error;
    tracing::warn!(error = cause, "consuming is interrupted");
}

fn tell_away(error: &StoreError) {
    let cause: &dyn std::error::Error = error;
    tracing::warn!(error = cause, "the database is away, the batch waits");
}

/// The database's own words: they name the constraint, never the row.
fn reason(error: &StoreError) -> String {
    match error {
        StoreError::Database(sqlx::Error::Database(cause)) => {
            format!("{} ({})", cause.message(), cause.code().unwrap_or_default())
        }
        StoreError::Database(cause) => cause.to_string(),
        other => other.to_string(),
    }
}

async fn pause(wait: Duration, stopping: &CancellationToken) {
    tokio::select! {
        () = tokio::time::sleep(wait) => {}
        () = stopping.cancelled() => {}
    }
}
