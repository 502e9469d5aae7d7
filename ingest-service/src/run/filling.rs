//! A window on its way to the queue: pages are put together into messages of some hundred records,
//! several messages may wait for their confirm, and only when all have it the window may be closed.

use std::collections::HashSet;

use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use jiff::Timestamp;
use proto::facts::v1::envelope::Payload;

use super::{Interruption, Tally, key, message, worker::Worker};
use crate::{metrics, pagerduty::Page, publisher::Stopped, window::Planned};

/// Records in one message, give or take a page.
const RECORDS_PER_MESSAGE: usize = 400;
/// Messages of one window that wait for their confirm.
const MOST_UNCONFIRMED: usize = 4;

/// What of a window is on its way.
pub(super) struct Filling<'a> {
    /// The window as it is now: its first part once it was cut.
    pub(super) window: Planned,
    /// Records PagerDuty said there are.
    pub(super) expected: Option<i64>,
    /// Rows received.
    pub(super) received: i64,
    /// Pages received.
    pub(super) answers: u32,
    unreadable: i64,
    distinct: i64,
    messages: u32,
    seen: HashSet<u64>,
    /// The first and the last key of the newest page.
    edges: Option<(u64, u64)>,
    waiting: Option<(Payload, Timestamp)>,
    unconfirmed: FuturesUnordered<BoxFuture<'a, Result<(), Stopped>>>,
}

impl Filling<'_> {
    /// Of a window of which nothing has been read.
    pub(super) fn new(window: Planned) -> Self {
        Self {
            window,
            expected: None,
            received: 0,
            answers: 0,
            unreadable: 0,
            distinct: 0,
            messages: 0,
            seen: HashSet::new(),
            edges: None,
            waiting: None,
            unconfirmed: FuturesUnordered::new(),
        }
    }

    /// For another attempt at the same window; what was read stays known.
    pub(super) fn again(self) -> Self {
        let distinct = if self.seen.is_empty() {
            0
        } else {
            self.distinct
        };
        Self {
            seen: self.seen,
            distinct,
            ..Self::new(self.window)
        }
    }

    /// For the checkpoint.
    pub(super) fn tally(&self) -> Tally {
        Tally {
            expected: self.expected,
            received: self.received,
            distinct: self.distinct,
            unreadable: self.unreadable,
            pages: self.messages,
            ..Tally::default()
        }
    }

    /// Two lists of one dataset add up, as long as both are counted.
    pub(super) fn expect(&mut self, total: Option<i64>) {
        self.expected = match (self.expected, total) {
            (None, total) if self.answers == 0 => total,
            (Some(before), Some(total)) => Some(before + total),
            _ => None,
        };
    }

    /// Counts a page; false when it is the one before it once more.
    fn count(&mut self, page: &Page) -> bool {
        self.answers += 1;
        self.received += page.rows;
        self.unreadable += page.unreadable;
        let Some(keys) = key::keys(&page.payload) else {
            self.distinct += page.rows - page.unreadable;
            return true;
        };
        let edges = keys.first().copied().zip(keys.last().copied());
        let is_new = edges.is_none() || edges != self.edges;
        self.edges = edges;
        let before = self.seen.len();
        self.seen.extend(keys);
        self.distinct += (self.seen.len() - before) as i64;
        is_new
    }
}

impl<'a> Worker<'a> {
    /// Takes a page in, and publishes when enough have come together. Answers whether there was
    /// anything in it that had not come before.
    pub(super) async fn page(
        &'a self,
        page: Page,
        filling: &mut Filling<'a>,
    ) -> Result<bool, Interruption> {
        let is_new = filling.count(&page);
        let now = self.runner.clock().now();
        self.look_for_consenter(&page.payload);
        let rows = page.rows as usize;
        let other = match &mut filling.waiting {
            Some((waiting, _)) => key::append(waiting, page.payload),
            None => Err(page.payload),
        };
        let records = match other {
            Ok(records) => records,
            Err(other) => {
                self.publish(filling).await?;
                filling.waiting = Some((other, now));
                rows
            }
        };
        if records >= RECORDS_PER_MESSAGE {
            self.publish(filling).await?;
        }
        self.tell(filling.window, filling.tally()).await?;
        Ok(is_new)
    }

    /// Hands over what has come together; waits only when too much is without a confirm.
    async fn publish(&'a self, filling: &mut Filling<'a>) -> Result<(), Interruption> {
        let Some((payload, observed_at)) = filling.waiting.take() else {
            return Ok(());
        };
        let numbered = (filling.messages, observed_at);
        filling.messages += 1;
        let envelope = message::page(&self.lease, &self.run, filling.window, numbered, payload);
        let sending = async move { self.send(&envelope).await };
        filling.unconfirmed.push(sending.boxed());
        // The first poll is what hands it to the broker.
        while let Some(Some(confirmed)) = filling.unconfirmed.next().now_or_never() {
            confirmed?;
        }
        while filling.unconfirmed.len() >= MOST_UNCONFIRMED {
            if let Some(confirmed) = filling.unconfirmed.next().await {
                confirmed?;
            }
        }
        Ok(())
    }

    /// Returns when the broker has everything of the window.
    pub(super) async fn settle(&'a self, filling: &mut Filling<'a>) -> Result<(), Interruption> {
        self.publish(filling).await?;
        while let Some(confirmed) = filling.unconfirmed.next().await {
            confirmed?;
        }
        metrics::records_confirmed(filling.window.dataset, filling.received as usize);
        Ok(())
    }
}
