//! The reconciler that tells owners and admins of an access about to end: once at 30, 7 and 1 days
//! ahead, and once when the person who consented is lost.

use std::time::Duration;

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{
    notices::{self, Notice},
    store::{Store, StoreError, connection},
    warning::Warning,
};

/// Time between two rounds: an end is days away.
const EVERY: Duration = Duration::from_mins(10);
/// How many days ahead somebody is told.
const STEPS: [u32; 3] = [1, 7, 30];

/// Tells.
#[derive(Debug, Clone)]
pub struct ConsentClock {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
}

impl ConsentClock {
    /// Runs rounds until the process stops. A round that fails is logged and tried again.
    pub async fn run(self, stopping: CancellationToken) -> Result<(), StoreError> {
        let mut timer = tokio::time::interval(EVERY);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                _ = timer.tick() => {}
            }
            if let Err(error) = self.step().await {
                tracing::warn!(%error, "the consent clock could not look");
            }
        }
    }

    /// One round. Answers how many notices are new.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let now = self.clock.now();
        let mut tx = self.store.all_organizations().await?;
        let mut new = 0;
        for connection in connection::connected(&mut tx).await? {
            for warning in connection.warnings(now) {
                let notice = told(&warning, now);
                new += usize::from(notices::raise(&mut tx, &connection, notice, now).await?);
            }
        }
        tx.commit().await?;
        Ok(new)
    }
}

fn told(warning: &Warning, now: Timestamp) -> Notice<'_> {
    let (kind, detail) = (warning.kind.name(), warning.detail.as_str());
    match warning.ends_at {
        Some(ends_at) => Notice::Ending {
            kind,
            days: days_ahead(ends_at, now),
            ends_at,
            detail,
        },
        None => Notice::AtRisk { kind, detail },
    }
}

/// The nearest step that is not yet past.
fn days_ahead(at: Timestamp, now: Timestamp) -> u32 {
    let left = at.duration_since(now);
    let fits = |days: &&u32| left <= SignedDuration::from_hours(i64::from(**days) * 24);
    STEPS.iter().find(fits).copied().unwrap_or(30)
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(30 * 24, 30)]
    #[case(8 * 24, 30)]
    #[case(7 * 24, 7)]
    #[case(25, 7)]
    #[case(24, 1)]
    #[case(-5, 1)]
    fn each_step_is_told_once(#[case] hours: i64, #[case] step: u32) {
        let now = Timestamp::UNIX_EPOCH + 1_000.hours();
        assert_eq!(days_ahead(now + hours.hours(), now), step);
    }
}
