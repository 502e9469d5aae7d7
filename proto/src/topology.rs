//! Exchanges, queues and their arguments: the one place that knows them.
//!
//! dashboard-api declares everything before it consumes. ingest-service only publishes to
//! [`FACTS_EXCHANGE`] with `mandatory` set, so that a message without a queue comes back to it.
//!
//! ```text
//! pagerduty.facts (topic) ── {lane}.{partition} ──▶ pagerduty.facts.{lane}.{partition}
//!        ▲                                                    │ retry: published by the consumer
//!        └── after the delay ── pagerduty.retry.{delay} ◀─────┤
//!                                                             └ park ──▶ pagerduty.parked
//! ```

use std::time::Duration;

use crate::ConnectionId;

/// Topic exchange for facts; the routing key is [`routing_key`].
pub const FACTS_EXCHANGE: &str = "pagerduty.facts";
/// Fanout exchange (and queue) for messages that cannot be decoded or applied.
pub const PARKED: &str = "pagerduty.parked";
/// Number of partitions per lane: the limit of the consumers' parallelism. Raising it needs the
/// queues drained once, since a connection moves to another partition.
pub const PARTITIONS: u32 = 4;
/// Waits between attempts; each is one queue with a queue-level time to live.
pub const RETRY_DELAYS: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_mins(1),
];
/// Deliveries by the broker before it parks a message by itself (a consumer that dies on it).
pub const DELIVERY_LIMIT: i32 = 10;

/// Header with the number of our own attempts so far.
pub const ATTEMPT_HEADER: &str = "x-quolum-attempt";
/// Header with the reason why a message was parked.
pub const REASON_HEADER: &str = "x-quolum-reason";
/// W3C trace context of the publisher.
pub const TRACEPARENT_HEADER: &str = "traceparent";
/// `content-type` of every message: an encoded `quolum.facts.v1.Envelope`.
pub const CONTENT_TYPE: &str = "application/x-protobuf; messageType=quolum.facts.v1.Envelope";

/// Keeps a first synchronization from delaying anyone's fresh data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// Incremental runs and webhooks.
    Live,
    /// History.
    Backfill,
}

impl Lane {
    /// Both lanes, the more urgent first.
    pub const ALL: [Self; 2] = [Self::Live, Self::Backfill];

    fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Backfill => "backfill",
        }
    }
}

/// The partition of a connection: stable across processes and releases (FNV-1a over the id).
pub fn partition(connection: ConnectionId) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let hash = connection.0.as_bytes().iter().fold(OFFSET, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(PRIME)
    });
    // The high bits are the well mixed ones.
    ((u64::from(hash) * u64::from(PARTITIONS)) >> 32) as u32
}

/// The routing key of a lane and partition.
pub fn routing_key(lane: Lane, partition: u32) -> String {
    format!("{}.{partition}", lane.name())
}

/// The queue of a lane and partition.
pub fn facts_queue(lane: Lane, partition: u32) -> String {
    format!("{FACTS_EXCHANGE}.{}", routing_key(lane, partition))
}

/// The exchange and queue that hold a message for one delay; the original routing key survives.
pub fn retry_name(delay: Duration) -> String {
    format!("pagerduty.retry.{}s", delay.as_secs())
}

/// A queue or exchange argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// AMQP long string.
    Text(&'static str),
    /// AMQP 32-bit integer.
    Int(i32),
    /// AMQP boolean.
    Flag(bool),
}

/// Arguments of the facts queues: replicated, one active consumer, bounded redelivery, and nothing
/// dropped when the parked queue is away.
pub fn facts_queue_arguments() -> Vec<(&'static str, Argument)> {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-single-active-consumer", Argument::Flag(true)),
        ("x-delivery-limit", Argument::Int(DELIVERY_LIMIT)),
        ("x-dead-letter-exchange", Argument::Text(PARKED)),
        ("x-dead-letter-strategy", Argument::Text("at-least-once")),
        ("x-overflow", Argument::Text("reject-publish")),
    ]
}

/// Arguments of a retry queue: after the delay the message goes back to where it came from.
pub fn retry_queue_arguments(delay: Duration) -> Vec<(&'static str, Argument)> {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        (
            "x-message-ttl",
            Argument::Int(i32::try_from(delay.as_millis()).unwrap_or(i32::MAX)),
        ),
        ("x-dead-letter-exchange", Argument::Text(FACTS_EXCHANGE)),
        ("x-dead-letter-strategy", Argument::Text("at-least-once")),
        ("x-overflow", Argument::Text("reject-publish")),
    ]
}

/// Arguments of the parked queue. Looking at it delivers every message and puts it back; newer
/// brokers would drop one after twenty looks, hence the limit that nobody reaches.
pub fn parked_queue_arguments() -> Vec<(&'static str, Argument)> {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-delivery-limit", Argument::Int(1_000_000)),
    ]
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn connections_spread_over_all_partitions() {
        let mut seen = [0_u32; PARTITIONS as usize];
        for n in 0..1000_u128 {
            let connection = ConnectionId(Uuid::from_u128(n << 64 | n));
            seen[partition(connection) as usize] += 1;
        }
        assert!(seen.iter().all(|count| *count > 150), "{seen:?}");
    }

    #[test]
    fn the_partition_of_a_connection_never_changes() {
        let connection = ConnectionId(Uuid::from_u128(0x0191_2c3d_0000_7000_8000_0000_0000_0001));
        assert_eq!(partition(connection), 2);
    }
}
