//! RabbitMQ: the topology as `proto::topology` describes it, and publishing with confirms to the
//! retry queues and the parked queue.

use std::time::Duration;

use lapin::{
    BasicProperties, Channel, Connection, ConnectionProperties, ExchangeKind,
    message::Delivery,
    options::{BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    tcp::OwnedTLSConfig,
    types::{AMQPValue, FieldTable},
};
use proto::topology::{self, Argument, Lane};
use secrecy::{ExposeSecret, SecretString};

/// Longest wait for the broker to accept a connection or a message; an alarm blocks silently.
const BROKER_LIMIT: Duration = Duration::from_secs(10);
const PERSISTENT: u8 = 2;
const DEAD_LETTER_EXCHANGE: &str = "x-dead-letter-exchange";

/// The broker is not there or refuses the topology.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    #[error("the broker refused or lost the connection")]
    Lapin(#[from] lapin::Error),
    #[error("the broker did not answer in time")]
    Timeout,
}

/// A message did not reach its queue for sure.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    #[error("the broker refused or lost the message")]
    Lapin(#[from] lapin::Error),
    #[error("the broker did not confirm in time")]
    Timeout,
    #[error("the broker has no queue for the message")]
    Unroutable,
}

/// The names of exchanges and queues. Tests put a prefix before all of them.
#[derive(Debug, Clone, Default)]
pub struct Names {
    prefix: String,
}

impl Names {
    pub fn prefixed(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
        }
    }

    fn named(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub fn facts_exchange(&self) -> String {
        self.named(topology::FACTS_EXCHANGE)
    }

    pub fn facts_queue(&self, lane: Lane, partition: u32) -> String {
        self.named(&topology::facts_queue(lane, partition))
    }

    pub fn facts_queues(&self) -> Vec<String> {
        let partitions = 0..topology::PARTITIONS;
        let all = partitions.flat_map(|partition| Lane::ALL.map(|lane| (lane, partition)));
        all.map(|(lane, partition)| self.facts_queue(lane, partition))
            .collect()
    }

    pub fn retry(&self, delay: Duration) -> String {
        // Delays of tests are shorter than the second that names a queue.
        if delay < Duration::from_secs(1) {
            return self.named(&format!("pagerduty.retry.{}ms", delay.as_millis()));
        }
        self.named(&topology::retry_name(delay))
    }

    pub fn parked(&self) -> String {
        self.named(topology::PARKED)
    }

    fn arguments(&self, arguments: Vec<(&'static str, Argument)>) -> FieldTable {
        let mut table = FieldTable::default();
        for (name, argument) in arguments {
            let value = match argument {
                Argument::Text(text) if name == DEAD_LETTER_EXCHANGE => {
                    AMQPValue::LongString(self.named(text).into())
                }
                Argument::Text(text) => AMQPValue::LongString(text.into()),
                Argument::Int(number) => AMQPValue::LongInt(number),
                Argument::Flag(flag) => AMQPValue::Boolean(flag),
            };
            table.insert(name.into(), value);
        }
        table
    }
}

/// How to reach the broker and what things are called there.
#[derive(Clone)]
pub struct Broker {
    url: SecretString,
    tls: OwnedTLSConfig,
    names: Names,
    retry_delays: Vec<Duration>,
}

impl std::fmt::Debug for Broker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Broker")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}

impl Broker {
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            tls: OwnedTLSConfig::default(),
            names: Names::default(),
            retry_delays: topology::RETRY_DELAYS.to_vec(),
        }
    }

    /// Trusting this authority (PEM) instead of the system's, when there is one.
    #[must_use]
    pub fn trusting(mut self, authority: Option<&SecretString>) -> Self {
        self.tls.cert_chain = authority.map(|pem| pem.expose_secret().to_owned());
        self
    }

    /// With names and delays of its own, for tests that share a broker.
    #[must_use]
    pub fn isolated(self, names: Names, retry_delays: Vec<Duration>) -> Self {
        Self {
            names,
            retry_delays,
            ..self
        }
    }

    pub fn names(&self) -> &Names {
        &self.names
    }

    pub fn retry_delays(&self) -> &[Duration] {
        &self.retry_delays
    }

    pub async fn connect(&self) -> Result<Connection, BrokerError> {
        let properties =
            ConnectionProperties::default().with_connection_name("dashboard-api".into());
        let (url, tls) = (self.url.expose_secret(), self.tls.clone());
        let connecting = async {
            let runtime = lapin::runtime::default_runtime()?;
            Connection::connect_with_config(url, properties, tls, runtime).await
        };
        let connected = tokio::time::timeout(BROKER_LIMIT, connecting).await;
        Ok(connected.map_err(|_| BrokerError::Timeout)??)
    }

    /// Declares every exchange and queue. Declaring again changes nothing.
    pub async fn declare(&self, channel: &Channel) -> Result<(), BrokerError> {
        let names = &self.names;
        exchange(channel, &names.facts_exchange(), ExchangeKind::Topic).await?;
        exchange(channel, &names.parked(), ExchangeKind::Fanout).await?;
        let arguments = names.arguments(topology::parked_queue_arguments());
        queue(channel, &names.parked(), arguments).await?;
        bind(channel, &names.parked(), &names.parked(), "").await?;
        for delay in &self.retry_delays {
            let name = names.retry(*delay);
            exchange(channel, &name, ExchangeKind::Fanout).await?;
            let arguments = names.arguments(topology::retry_queue_arguments(*delay));
            queue(channel, &name, arguments).await?;
            bind(channel, &name, &name, "").await?;
        }
        for lane in Lane::ALL {
            for partition in 0..topology::PARTITIONS {
                let name = names.facts_queue(lane, partition);
                let arguments = names.arguments(topology::facts_queue_arguments());
                queue(channel, &name, arguments).await?;
                let key = topology::routing_key(lane, partition);
                bind(channel, &name, &names.facts_exchange(), &key).await?;
            }
        }
        Ok(())
    }

    /// Puts a message where it waits for another attempt.
    pub async fn retry(
        &self,
        channel: &Channel,
        letter: &Letter,
        delay: Duration,
        attempt: u32,
    ) -> Result<(), PublishError> {
        let header = AMQPValue::LongUInt(attempt);
        let letter = letter.with_header(topology::ATTEMPT_HEADER, header);
        publish(channel, &self.names.retry(delay), &letter).await
    }

    /// Parks a message with its reason.
    pub async fn park(
        &self,
        channel: &Channel,
        letter: &Letter,
        reason: &str,
    ) -> Result<(), PublishError> {
        let header = AMQPValue::LongString(reason.into());
        let letter = letter.with_header(topology::REASON_HEADER, header);
        publish(channel, &self.names.parked(), &letter).await
    }

    /// Sends a parked message to its facts queue again, as if it were new.
    pub async fn replay(&self, channel: &Channel, letter: &Letter) -> Result<(), PublishError> {
        let letter = letter.with_header(topology::ATTEMPT_HEADER, AMQPValue::LongUInt(0));
        publish(channel, &self.names.facts_exchange(), &letter).await
    }
}

/// A message as it travels.
#[derive(Debug, Clone)]
pub struct Letter {
    pub body: Vec<u8>,
    pub routing_key: String,
    pub headers: FieldTable,
}

impl From<Delivery> for Letter {
    fn from(delivery: Delivery) -> Self {
        Self {
            headers: delivery.properties.headers().clone().unwrap_or_default(),
            routing_key: delivery.routing_key.to_string(),
            body: delivery.data,
        }
    }
}

impl Letter {
    /// A header's text.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.headers.inner().get(name)? {
            AMQPValue::LongString(text) => Some(String::from_utf8_lossy(text.as_bytes()).into()),
            AMQPValue::ShortString(text) => Some(text.to_string()),
            _ => None,
        }
    }

    /// Attempts so far.
    pub fn attempt(&self) -> u32 {
        let header = self.headers.inner().get(topology::ATTEMPT_HEADER);
        let attempt = match header {
            Some(AMQPValue::LongUInt(number)) => Some(*number),
            Some(AMQPValue::LongInt(number)) => u32::try_from(*number).ok(),
            Some(AMQPValue::LongLongInt(number)) => u32::try_from(*number).ok(),
            _ => None,
        };
        attempt.unwrap_or_default()
    }

    pub fn traceparent(&self) -> Option<String> {
        self.text(topology::TRACEPARENT_HEADER)
    }

    pub fn trace_id(&self) -> Option<String> {
        let traceparent = self.traceparent()?;
        chassis::trace::trace_id(&traceparent).map(str::to_owned)
    }

    fn with_header(&self, name: &str, value: AMQPValue) -> Self {
        let mut letter = self.clone();
        letter.headers.insert(name.into(), value);
        letter
    }
}

async fn publish(channel: &Channel, exchange: &str, letter: &Letter) -> Result<(), PublishError> {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type(topology::CONTENT_TYPE.into())
        .with_headers(letter.headers.clone());
    let options = BasicPublishOptions {
        mandatory: true,
        ..BasicPublishOptions::default()
    };
    let confirmed = async {
        let confirm = channel
            .basic_publish(
                exchange.into(),
                letter.routing_key.as_str().into(),
                options,
                &letter.body,
                properties,
            )
            .await?;
        confirm.await
    };
    let confirmed = tokio::time::timeout(BROKER_LIMIT, confirmed).await;
    let confirmed = confirmed.map_err(|_| PublishError::Timeout)??;
    let acked = confirmed.is_ack();
    // An unroutable message is acked and carries itself back.
    if acked && confirmed.take_message().is_none() {
        Ok(())
    } else {
        Err(PublishError::Unroutable)
    }
}

async fn exchange(channel: &Channel, name: &str, kind: ExchangeKind) -> Result<(), lapin::Error> {
    let options = ExchangeDeclareOptions {
        durable: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(name.into(), kind, options, FieldTable::default())
        .await
}

async fn queue(channel: &Channel, name: &str, arguments: FieldTable) -> Result<(), lapin::Error> {
    let options = QueueDeclareOptions::durable();
    channel
        .queue_declare(name.into(), options, arguments)
        .await
        .map(drop)
}

async fn bind(
    channel: &Channel,
    queue: &str,
    exchange: &str,
    key: &str,
) -> Result<(), lapin::Error> {
    let options = QueueBindOptions::default();
    channel
        .queue_bind(
            queue.into(),
            exchange.into(),
            key.into(),
            options,
            FieldTable::default(),
        )
        .await
}
