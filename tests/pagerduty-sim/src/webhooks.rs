//! Webhooks v3 as PagerDuty plays them: subscriptions, signed deliveries, retries, drops.
//!
//! A delivery is ordered behind those of the same subscription and incident. Time-outs, 5xx and 429 are tried again;
//! any other refusal drops the event, and three drops in a row disable the subscription. The events themselves are
//! made by `emit`; what they mean is the business of `truth`.

mod book;
mod delivery;
pub mod emit;
mod event;
pub mod show;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use book::new_secret;
pub use book::{Delivered, Subscription};
pub(crate) use delivery::Parcel;
pub(crate) use event::EVENT_TYPES;

use book::Book;

/// Deliveries under way at once.
const LANES: usize = 64;

/// Subscriptions, and the workers that deliver to them.
#[derive(Debug)]
pub struct Webhooks {
    book: Mutex<Book>,
    lanes: Mutex<Vec<tokio::sync::mpsc::UnboundedSender<Parcel>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            book: Mutex::default(),
            lanes: Mutex::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }
}

impl Webhooks {
    pub(crate) fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all deliveries.
    pub fn stop(&self) {
        self.stop.cancel();
    }
}
