//! The reconciler of news: looks what is worth telling, and delivers what waits. No input,
//! idempotent; replicas claim deliveries in the database.

use std::time::Duration;

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use proto::OrgId;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use super::{Courier, courier::NotDelivered};
use crate::{
    generations::NewGeneration,
    store::{
        Store, StoreError,
        notifications::{Delivery, Fate},
    },
};

/// Between two looks.
const TICK: Duration = Duration::from_secs(5);
/// The longest that an organization is not looked at.
const LOOK: SignedDuration = SignedDuration::from_hours(1);
/// Wait before the second attempt; each further one waits four times as long.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// About two days.
const ATTEMPTS: i32 = 8;

/// Tells news.
#[derive(Debug, Clone)]
pub struct Notifier {
    store: Store,
    courier: Courier,
    clock: Clock,
}

impl Notifier {
    pub fn new(store: Store, courier: Courier, clock: Clock) -> Self {
        Self {
            store,
            courier,
            clock,
        }
    }

    /// Steps until the process stops; a new generation is looked at soon.
    pub async fn run(
        self,
        mut news: broadcast::Receiver<NewGeneration>,
        stopping: CancellationToken,
    ) -> Result<(), std::convert::Infallible> {
        loop {
            // A peer that does not answer must not keep the process from ending.
            let done = tokio::select! {
                done = self.step() => done,
                () = stopping.cancelled() => return Ok(()),
            };
            if let Err(error) = done {
                tracing::warn!(error = ?error, "news wait");
            }
            tokio::select! {
                () = tokio::time::sleep(TICK) => {}
                heard = news.recv() => {
                    if let Ok(generation) = heard {
                        self.look_soon(generation.org).await;
                    }
                    tokio::select! {
                        () = tokio::time::sleep(TICK) => {}
                        () = stopping.cancelled() => return Ok(()),
                    }
                }
                () = stopping.cancelled() => return Ok(()),
            }
        }
    }

    async fn look_soon(&self, org: OrgId) {
        if let Err(error) = self.store.look_at(org, self.clock.now()).await {
            tracing::warn!(error = ?error, "an organization is not looked at");
        }
    }

    /// Looks at every organization that is due. Answers how many messages were delivered.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut delivered = 0;
        for org in self.store.notified_organizations(now).await? {
            delivered += self.organization(org, now).await?;
        }
        Ok(delivered)
    }

    async fn organization(&self, org: OrgId, now: Timestamp) -> Result<usize, StoreError> {
        let destinations = self.store.destinations(org).await?;
        let mut delivered = 0;
        for delivery in self.store.claim_deliveries(org, now).await? {
            let sent = self
                .courier
                .deliver(org, &destinations, &delivery, now)
                .await;
            let fate = fate(&delivery, sent, now);
            delivered += usize::from(matches!(fate, Fate::Delivered));
            self.store
                .settle_delivery(org, delivery.id, &fate, now)
                .await?;
        }
        self.store.schedule_look(org, now, now + LOOK).await?;
        Ok(delivered)
    }
}

fn fate(delivery: &Delivery, sent: Result<(), NotDelivered>, now: Timestamp) -> Fate {
    match sent {
        Ok(()) => Fate::Delivered,
        Err(NotDelivered::Ever(reason)) => Fate::GivenUp { reason },
        Err(NotDelivered::Yet(reason)) if delivery.attempts >= ATTEMPTS => Fate::GivenUp { reason },
        Err(NotDelivered::Yet(reason)) => Fate::Again {
            at: now + wait(delivery.attempts),
            reason,
        },
    }
}

/// After so many attempts.
fn wait(attempts: i32) -> SignedDuration {
    let factor = 4_i32.saturating_pow(u32::try_from(attempts - 1).unwrap_or_default());
    FIRST_WAIT
        .saturating_mul(factor)
        .min(SignedDuration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let seconds: Vec<_> = (1..=4).map(|attempts| wait(attempts).as_secs()).collect();
        assert_eq!(seconds, [30, 120, 480, 1_920]);
        assert_eq!(wait(30), SignedDuration::from_hours(24));
    }
}
