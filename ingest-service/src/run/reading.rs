//! One window from its first request to its checkpoint: read, read again when it came short, cut when
//! it is too deep, closed when the broker has all of it.

use std::sync::PoisonError;

use tokio::time::Instant;

use super::{
    Interruption, Tally, conclude::verdict, fetch::Extent, filling::Filling, message,
    worker::Worker,
};
use crate::{
    dataset, metrics,
    window::{Interval, OFFSET_LIMIT, Planned},
};

/// Times a window is fetched whose pages held less than PagerDuty counted (rows move while paging).
const WINDOW_ATTEMPTS: u32 = 3;
/// Between two notes of how far the windows have come; nothing depends on them.
const NOTE_INTERVAL: std::time::Duration = std::time::Duration::from_millis(500);

impl<'a> Worker<'a> {
    /// Fetches a window and closes it, or cuts it (`None`).
    pub(super) async fn window(&'a self, window: Planned) -> Result<Option<Planned>, Interruption> {
        let mut filling = Filling::new(window);
        for attempt in 1.. {
            let divisible = self.parts(filling.window, Some(OFFSET_LIMIT + 1)).is_some();
            let extent = match self.fetch(divisible, &mut filling).await {
                Ok(extent) => extent,
                Err(interruption) => return self.unread(filling.window, interruption).await,
            };
            match extent {
                Extent::TooDeep(total) => {
                    if let Some(parts) = self.parts(filling.window, total) {
                        let (window, expected) = (filling.window, filling.expected);
                        self.split(window, expected, &parts).await?;
                        return Ok(None);
                    }
                    filling.expected = filling.expected.max(Some(filling.received + 1));
                }
                // What repeats itself would never end; there is more, but it cannot be had.
                Extent::Repeats => {
                    filling.expected = filling.expected.max(Some(filling.received + 1));
                }
                Extent::End if !filling.tally().is_whole() && attempt < WINDOW_ATTEMPTS => {
                    self.settle(&mut filling).await?;
                    self.note(filling.window, filling.tally()).await?;
                    filling = filling.again();
                    continue;
                }
                Extent::End => {}
            }
            break;
        }
        let window = filling.window;
        self.complete(filling).await?;
        Ok(Some(window))
    }

    /// Notes the requests of a window that could not be read, and that it could not. What ends the
    /// whole run ends the other windows in the midst of what they write too: its requests stay in the
    /// session, for whoever closes the run.
    async fn unread(
        &self,
        window: Planned,
        interruption: Interruption,
    ) -> Result<Option<Planned>, Interruption> {
        if let Interruption::Pagerduty(failure) = &interruption
            && verdict(failure).is_some()
        {
            let spent = Tally {
                spent: self.session.take_spent(window.dataset),
                ..Tally::default()
            };
            let store = &self.runner.store;
            store.fail(&self.lease, self.run.id, window, &spent).await?;
        }
        Err(interruption)
    }

    /// The parts of a window that holds too much; `None` when it cannot be cut any further.
    fn parts(&self, window: Planned, total: Option<i64>) -> Option<Vec<Planned>> {
        let rule = dataset::rule(window.dataset)?;
        let parts = window.interval.split(total, rule.floor)?;
        let part = |interval: Interval| Planned {
            dataset: window.dataset,
            interval,
        };
        let may = self.agenda().may_cut(window.dataset, total.is_some());
        may.then(|| parts.into_iter().map(part).collect())
    }

    async fn split(
        &self,
        window: Planned,
        expected: Option<i64>,
        parts: &[Planned],
    ) -> Result<(), Interruption> {
        self.write_parts(window, expected, parts).await?;
        self.agenda().split(window, parts);
        self.moved.notify_waiters();
        Ok(())
    }

    /// Cuts a window that is being fetched: its first part is fetched on, the rest is put on the
    /// agenda. False when there are too many windows already.
    pub(super) async fn cut(
        &self,
        window: Planned,
        parts: [Planned; 2],
    ) -> Result<bool, Interruption> {
        if !self.agenda().may_cut(window.dataset, true) {
            return Ok(false);
        }
        self.write_parts(window, None, &parts).await?;
        let [_, rest] = parts;
        self.agenda().cut(&[rest]);
        self.moved.notify_waiters();
        Ok(true)
    }

    async fn write_parts(
        &self,
        window: Planned,
        expected: Option<i64>,
        parts: &[Planned],
    ) -> Result<(), Interruption> {
        let tally = Tally {
            expected,
            spent: self.session.take_spent(window.dataset),
            ..Tally::default()
        };
        metrics::window_split(window.dataset);
        tracing::debug!(dataset = window.dataset.name(), from = %window.interval.from, parts = parts.len(), "window cut");
        let store = &self.runner.store;
        store
            .split(&self.lease, self.run.id, (window, parts), &tally)
            .await?;
        self.announce();
        Ok(())
    }

    async fn complete(&'a self, mut filling: Filling<'a>) -> Result<(), Interruption> {
        self.settle(&mut filling).await?;
        let now = self.runner.clock().now();
        let mut tally = filling.tally();
        let receipt = message::receipt(&self.lease, &self.run, filling.window, &tally, now);
        self.send(&receipt).await?;
        tally.spent = self.session.take_spent(filling.window.dataset);
        self.runner
            .store
            .complete(&self.lease, self.run.id, filling.window, &tally)
            .await?;
        self.announce();
        Ok(())
    }

    /// Notes how far a window has come, every now and then.
    pub(super) async fn tell(&self, window: Planned, tally: Tally) -> Result<(), Interruption> {
        {
            let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
            if noted.elapsed() < NOTE_INTERVAL {
                return Ok(());
            }
            *noted = Instant::now();
        }
        self.note(window, tally).await
    }

    async fn note(&self, window: Planned, tally: Tally) -> Result<(), Interruption> {
        let tally = Tally {
            spent: self.session.take_spent(window.dataset),
            ..tally
        };
        self.runner
            .store
            .progress(&self.lease, self.run.id, window, &tally)
            .await?;
        self.announce();
        Ok(())
    }
}
