//! The simulator's clock: real time plus an offset that tests move forward.
//!
//! Everything the simulator dates (codes, tokens, rate limit windows, answers) asks this clock, so that a test can
//! expire a token without waiting. Only the ledger also needs undisturbed real time, for "requests in any 60 s".

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// A clock shared by every clone; moving one moves all.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_seconds: Arc<AtomicI64>,
}

impl Clock {
    /// Real time plus the offset.
    pub fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.offset_seconds());
        let real = Self::real_now();
        real.checked_add(offset).unwrap_or(real)
    }

    /// Moves the clock by this many seconds (negative moves it back).
    pub fn advance(&self, seconds: i64) {
        self.offset_seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// How far the clock is ahead of real time.
    pub fn offset_seconds(&self) -> i64 {
        self.offset_seconds.load(Ordering::SeqCst)
    }

    /// The time of the machine, whatever the offset.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the simulator's only reading of real time"
    )]
    pub fn real_now() -> Timestamp {
        Timestamp::now()
    }
}
