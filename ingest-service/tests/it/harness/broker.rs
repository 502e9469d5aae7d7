//! The broker as a test sees it: an exchange and a queue of its own.

use lapin::{
    Channel, Connection, ConnectionProperties, ExchangeKind,
    options::{
        BasicGetOptions, ExchangeDeclareOptions, ExchangeDeleteOptions, QueueBindOptions,
        QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use prost::Message as _;
use proto::facts::v1::Envelope;

use super::{Harness, Published};

impl Harness {
    /// Takes what is in the queue.
    pub(crate) async fn drain(&self, published: &mut Published) {
        let options = BasicGetOptions { no_ack: true };
        while let Some(message) = self
            .channel
            .basic_get(self.queue.as_str().into(), options)
            .await
            .expect("got")
        {
            let envelope = Envelope::decode(message.data.as_slice()).expect("an envelope");
            let headers = message.properties.headers().clone().unwrap_or_default();
            match headers
                .inner()
                .get("traceparent")
                .and_then(AMQPValue::as_long_string)
            {
                Some(header) => {
                    published.traceparents.insert(header.to_string());
                }
                None => published.untraced += 1,
            }
            published.envelopes.push(envelope);
        }
    }

    pub(crate) async fn queued(&self) -> u32 {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let queue = self
            .channel
            .queue_declare(self.queue.as_str().into(), options, FieldTable::default())
            .await;
        queue.expect("declared").message_count()
    }

    /// Takes the queue away, as if no consumer had ever declared one.
    pub(crate) async fn delete_queue(&self) {
        let options = QueueDeleteOptions::default();
        self.channel
            .queue_delete(self.queue.as_str().into(), options)
            .await
            .expect("deleted");
    }

    /// Declares and binds the queue again.
    pub(crate) async fn declare_queue(&self) {
        declare_queue(&self.channel, &self.exchange).await;
    }

    /// Takes the exchange away; the queue stays, bound to nothing.
    pub(crate) async fn delete_exchange(&self) {
        let options = ExchangeDeleteOptions::default();
        self.channel
            .exchange_delete(self.exchange.as_str().into(), options)
            .await
            .expect("deleted");
    }

    /// Declares the exchange again and binds the queue to it.
    pub(crate) async fn declare_exchange(&self) {
        declare_exchange(&self.channel, &self.exchange).await;
        declare_queue(&self.channel, &self.exchange).await;
    }
}

pub(crate) fn amqp_url() -> String {
    let set = std::env::vars().find(|(name, _)| name == "TEST_AMQP_URL");
    set.map_or_else(
        || "amqp://guest:guest@127.0.0.1:5672/%2f".to_owned(),
        |(_, url)| url,
    )
}

/// An exchange and a queue of the test's own; the queue goes with its connection.
pub(super) async fn declare(exchange: &str) -> (Connection, Channel, String) {
    let broker = Connection::connect(&amqp_url(), ConnectionProperties::default())
        .await
        .expect("the broker");
    let channel = broker.create_channel().await.expect("a channel");
    declare_exchange(&channel, exchange).await;
    declare_queue(&channel, exchange).await;
    keep_alive(&channel, exchange).await;
    (broker, channel, exchange.to_owned())
}

/// A binding that no message meets: the exchange outlives the queue, but not the connection.
async fn keep_alive(channel: &Channel, exchange: &str) {
    let options = QueueDeclareOptions {
        exclusive: true,
        ..QueueDeclareOptions::default()
    };
    let queue = channel
        .queue_declare("".into(), options, FieldTable::default())
        .await
        .expect("declared");
    let options = QueueBindOptions::default();
    channel
        .queue_bind(
            queue.name().clone(),
            exchange.into(),
            "nobody".into(),
            options,
            FieldTable::default(),
        )
        .await
        .expect("bound");
}

async fn declare_exchange(channel: &Channel, exchange: &str) {
    let options = ExchangeDeclareOptions {
        auto_delete: true,
        ..ExchangeDeclareOptions::default()
    };
    channel
        .exchange_declare(
            exchange.into(),
            ExchangeKind::Topic,
            options,
            FieldTable::default(),
        )
        .await
        .expect("declared");
}

async fn declare_queue(channel: &Channel, exchange: &str) {
    let options = QueueDeclareOptions {
        exclusive: true,
        ..QueueDeclareOptions::default()
    };
    channel
        .queue_declare(exchange.into(), options, FieldTable::default())
        .await
        .expect("declared");
    channel
        .queue_bind(
            exchange.into(),
            exchange.into(),
            "#".into(),
            QueueBindOptions::default(),
            FieldTable::default(),
        )
        .await
        .expect("bound");
}
