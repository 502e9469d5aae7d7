//! Events that PagerDuty pushes. A delivery is answered with success when its event is on the queue
//! for good, known or not; until then PagerDuty keeps it and tries again. What was missed while
//! nobody listened, the next run finds in the log entries.

mod intake;
mod keeper;
mod receiver;
mod signature;
mod subscriber;

use jiff::{SignedDuration, Timestamp};
use proto::{ConnectionId, OrgId};

pub use intake::Intake;
pub use keeper::confirm;
pub use receiver::{Receiver, Secrets, Verdict};
pub use signature::is_authentic;
pub use subscriber::{Subscriber, View, WebhookError};

/// PagerDuty tries to deliver for so long; whoever was away for longer has lost events.
pub const RETRIED_FOR: SignedDuration = SignedDuration::from_hours(48);

/// The field under which the secret is sealed.
const SECRET: &str = "webhook_secret";

/// A connection's webhook as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whose it is.
    pub org: OrgId,
    /// Of which connection.
    pub connection: ConnectionId,
    /// The sealed key of the signatures.
    pub sealed: Vec<u8>,
    /// PagerDuty's id of the subscription; empty when it was made by hand.
    pub subscription_id: String,
    /// Since when.
    pub subscribed_at: Timestamp,
    /// The newest delivery.
    pub last_event_at: Option<Timestamp>,
    /// Events received.
    pub events: i64,
    /// Since when no event can have been lost.
    pub covered_from: Option<Timestamp>,
    /// Until when that is known.
    pub confirmed_at: Option<Timestamp>,
    /// Public words when PagerDuty does not deliver.
    pub trouble: String,
}

/// How events arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Nothing has come yet.
    Waiting,
    /// They do.
    Receiving,
    /// They should, but do not.
    Silent,
}

impl Webhook {
    /// How events arrive; `missed` says that things have happened since the newest one.
    pub fn arrival(&self, missed: bool) -> Arrival {
        match self.covered_from {
            _ if !self.trouble.is_empty() || missed => Arrival::Silent,
            None => Arrival::Waiting,
            Some(_) => Arrival::Receiving,
        }
    }

    /// Where coverage starts, given that PagerDuty is known to deliver at `now`: anew after a gap.
    pub fn coverage_start(&self, now: Timestamp) -> Timestamp {
        let unbroken = self.confirmed_at.is_some_and(|at| now - RETRIED_FOR <= at);
        self.covered_from
            .filter(|_| unbroken && self.trouble.is_empty())
            .unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn webhook() -> Webhook {
        Webhook {
            org: OrgId(Uuid::nil()),
            connection: ConnectionId(Uuid::nil()),
            sealed: Vec::new(),
            subscription_id: String::new(),
            subscribed_at: Timestamp::UNIX_EPOCH,
            last_event_at: None,
            events: 0,
            covered_from: None,
            confirmed_at: None,
            trouble: String::new(),
        }
    }

    #[test]
    fn coverage_starts_with_the_first_delivery_and_anew_after_a_gap() {
        let day = SignedDuration::from_hours(24);
        let start = Timestamp::UNIX_EPOCH;
        assert_eq!(webhook().coverage_start(start), start);
        let covered = Webhook {
            covered_from: Some(start),
            confirmed_at: Some(start + day),
            ..webhook()
        };
        assert_eq!(covered.coverage_start(start + day * 3), start);
        assert_eq!(covered.coverage_start(start + day * 4), start + day * 4);
        let disabled = Webhook {
            trouble: "PagerDuty has stopped delivering".to_owned(),
            ..covered
        };
        assert_eq!(disabled.coverage_start(start + day), start + day);
    }

    #[test]
    fn silence_is_told_from_quiet() {
        assert_eq!(webhook().arrival(false), Arrival::Waiting);
        assert_eq!(webhook().arrival(true), Arrival::Silent);
        let covered = Webhook {
            covered_from: Some(Timestamp::UNIX_EPOCH),
            ..webhook()
        };
        assert_eq!(covered.arrival(false), Arrival::Receiving);
        assert_eq!(covered.arrival(true), Arrival::Silent);
    }
}
