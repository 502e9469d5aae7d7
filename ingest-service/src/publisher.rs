//! Facts on their way to the broker: one message is done when the broker has confirmed it and has
//! not sent it back. Until then it is published again; a message can thus arrive twice, never not
//! at all. Which queues there are is `proto::topology`'s.

mod link;

use std::{fmt, sync::Arc, time::Duration};

use chassis::Lifecycle;
use lapin::{
    BasicProperties, Confirmation,
    options::BasicPublishOptions,
    types::{AMQPValue, FieldTable},
};
use prost::Message as _;
use proto::{
    ConnectionId,
    facts::v1::Envelope,
    topology::{self, Lane},
};
use secrecy::SecretString;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::metrics;
use link::{Link, Links};

/// A confirm that has not come by then will not come: an alarm blocks silently.
const PUBLISH_DEADLINE: Duration = Duration::from_secs(10);
/// Wait before a message is published again; doubled up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Messages of this process that wait for their confirm at a time.
const MOST_IN_FLIGHT: usize = 64;
/// AMQP: survives a restart of the broker.
const PERSISTENT: u8 = 2;

/// Where to publish.
#[derive(Debug, Clone)]
pub struct Settings {
    /// RabbitMQ.
    pub url: SecretString,
    /// The authority of an `amqps` broker in PEM; the system's when absent.
    pub authority: Option<String>,
    /// The exchange of the facts.
    pub exchange: String,
}

/// How the broker does, for readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// Not connected.
    Connecting,
    /// Connected, and the last message was confirmed.
    Well,
    /// Messages come back: no queue is bound yet.
    WaitingForConsumer,
    /// Messages are not confirmed.
    Refusing,
}

/// The process stopped, or the run lost its lease, before the message was confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped before the message was confirmed")]
pub struct Stopped;

/// Publishes; cloning is cheap.
#[derive(Clone)]
pub struct Publisher {
    exchange: Arc<str>,
    links: Arc<Links>,
    in_flight: Arc<Semaphore>,
    health: Arc<watch::Sender<Health>>,
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("exchange", &self.exchange)
            .finish_non_exhaustive()
    }
}

/// Why one attempt was not confirmed.
#[derive(Debug)]
enum Unconfirmed {
    Returned,
    Refused(&'static str),
    Broken(lapin::Error),
}

impl Publisher {
    /// Starts connecting on the lifecycle; goes on trying until the process stops.
    pub fn spawn(settings: Settings, lifecycle: &Lifecycle) -> Self {
        let health = Arc::new(watch::Sender::new(Health::Connecting));
        let exchange = settings.exchange.clone().into();
        let links = Arc::new(Links::new(settings, Arc::clone(&health)));
        let stopping = lifecycle.stopping();
        lifecycle.spawn("broker connection", Arc::clone(&links).keep(stopping));
        Self {
            exchange,
            links,
            in_flight: Arc::new(Semaphore::new(MOST_IN_FLIGHT)),
            health,
        }
    }

    /// For readiness: public words when messages do not get through.
    pub fn health(&self) -> Result<(), String> {
        let words = match *self.health.borrow() {
            Health::Well => return Ok(()),
            Health::Connecting => "not connected",
            Health::WaitingForConsumer => "waiting for the consumer",
            Health::Refusing => "messages are not confirmed",
        };
        Err(words.to_owned())
    }

    /// Publishes until the broker has the message, however long that takes.
    pub async fn publish(
        &self,
        lane: Lane,
        connection: ConnectionId,
        envelope: &Envelope,
        stop: &CancellationToken,
    ) -> Result<(), Stopped> {
        let message = Message {
            routing_key: topology::routing_key(lane, topology::partition(connection)),
            id: message_id(envelope),
            body: envelope.encode_to_vec(),
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => Err(Stopped),
            () = self.publish_until_confirmed(&message) => Ok(()),
        }
    }

    async fn publish_until_confirmed(&self, message: &Message) {
        let mut wait = FIRST_WAIT;
        loop {
            let link = self.links.current().await;
            let unconfirmed = match self.attempt(&link, message).await {
                Ok(()) => {
                    metrics::published(true);
                    self.health.send_replace(Health::Well);
                    return;
                }
                Err(unconfirmed) => unconfirmed,
            };
            metrics::published(false);
            self.note(&link, &unconfirmed);
            drop(link);
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// One message, one confirm. Only an ack without a returned message counts.
    async fn attempt(&self, link: &Link, message: &Message) -> Result<(), Unconfirmed> {
        let Ok(_permit) = self.in_flight.acquire().await else {
            return Err(Unconfirmed::Refused("closed"));
        };
        let published = async {
            let options = BasicPublishOptions {
                mandatory: true,
                immediate: false,
            };
            let confirm = link
                .channel
                .basic_publish(
                    (*self.exchange).into(),
                    message.routing_key.as_str().into(),
                    options,
                    &message.body,
                    message.properties(),
                )
                .await?;
            confirm.await
        };
        match tokio::time::timeout(PUBLISH_DEADLINE, published).await {
            Ok(Ok(Confirmation::Ack(None))) => Ok(()),
            Ok(Ok(Confirmation::Ack(Some(_)) | Confirmation::Nack(Some(_)))) => {
                Err(Unconfirmed::Returned)
            }
            Ok(Ok(Confirmation::Nack(None))) => Err(Unconfirmed::Refused("nack")),
            Ok(Ok(Confirmation::NotRequested)) => Err(Unconfirmed::Refused("confirms are off")),
            Ok(Err(error)) => Err(Unconfirmed::Broken(error)),
            Err(_) => Err(Unconfirmed::Refused("no confirm in time")),
        }
    }

    fn note(&self, link: &Link, unconfirmed: &Unconfirmed) {
        match unconfirmed {
            Unconfirmed::Returned => {
                self.health.send_replace(Health::WaitingForConsumer);
                tracing::info!("a message came back: no queue is bound yet");
            }
            Unconfirmed::Refused(why) => {
                self.health.send_replace(Health::Refusing);
                tracing::warn!(why, "a message was not confirmed");
                if *why != "nack" {
                    self.links.give_up(link);
                }
            }
            Unconfirmed::Broken(error) => {
                let missing = link::is_missing_exchange(error);
                self.health.send_replace(if missing {
                    Health::WaitingForConsumer
                } else {
                    Health::Refusing
                });
                tracing::warn!(%error, "publishing failed");
                self.links.give_up(link);
            }
        }
    }
}

struct Message {
    routing_key: String,
    id: String,
    body: Vec<u8>,
}

impl Message {
    fn properties(&self) -> BasicProperties {
        let mut headers = FieldTable::default();
        if let Some(traceparent) = chassis::trace::current() {
            headers.insert(
                topology::TRACEPARENT_HEADER.into(),
                AMQPValue::LongString(traceparent.into()),
            );
        }
        BasicProperties::default()
            .with_content_type(topology::CONTENT_TYPE.into())
            .with_delivery_mode(PERSISTENT)
            .with_message_id(self.id.as_str().into())
            .with_headers(headers)
    }
}

/// Names a message for people who look at the broker; the consumer goes by the envelope.
fn message_id(envelope: &Envelope) -> String {
    let window = envelope.window.as_ref();
    let from = window
        .and_then(|window| window.from.as_ref())
        .map_or(0, |at| at.seconds);
    format!(
        "{}/{}/{from}/{}",
        envelope.run_id,
        envelope.dataset().name(),
        envelope.page
    )
}
