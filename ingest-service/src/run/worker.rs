//! The order of a run: its plan, each dataset, each window of it, and the message that closes it.

use proto::facts::v1::{Completeness, Dataset};
use tokio_util::sync::CancellationToken;

use super::{
    Interruption, Outcome, Run, RunState, Runner, Tally,
    conclude::{conclude, verdict, verdict_over},
    fetch::Extent,
    message,
};
use crate::{
    dataset::{self, State, plan_run},
    lease::Lease,
    metrics,
    pagerduty::{Failure, Page, Session},
    window::{Interval, OFFSET_LIMIT, Planned},
};

/// Windows of one dataset in one run at most: behind this, cutting does not help.
const MOST_WINDOWS: i64 = 2_000;
/// The same where PagerDuty does not say how much there is: each of them may cost 100 pages, and a
/// list that never ends must not be followed for a day.
const MOST_BLIND_WINDOWS: i64 = 200;
/// Times a window is fetched whose pages held less than PagerDuty counted (rows move while paging).
const WINDOW_ATTEMPTS: u32 = 2;

/// Works on one run.
pub(super) struct Worker<'a> {
    pub(super) runner: &'a Runner,
    pub(super) lease: Lease,
    pub(super) run: Run,
    pub(super) session: Session,
    pub(super) stop: CancellationToken,
}

impl Worker<'_> {
    /// Everything that is left of the run.
    pub(super) async fn work(&mut self) -> Result<Outcome, Interruption> {
        let store = &self.runner.store;
        let known = store
            .dataset_states(self.lease.org, self.lease.connection)
            .await?;
        let states: Vec<State> = known.iter().map(|(state, _)| state.clone()).collect();
        let plan = plan_run(&states, self.run.as_of, self.runner.settings.history);
        store.plan(&self.lease, self.run.id, &plan).await?;
        for dataset in crate::dataset::COLLECTED {
            let before = known.iter().find(|(state, _)| state.dataset == dataset);
            if before.is_some_and(|(_, decided_by)| *decided_by == self.run.id) {
                continue;
            }
            let found = self.dataset(dataset).await?;
            let whole = store
                .whole_windows(&self.lease, self.run.id, dataset)
                .await?;
            let state = conclude(
                dataset,
                found,
                before.map(|(state, _)| state),
                &whole,
                self.run.as_of,
            );
            if state.completeness != Completeness::Complete {
                tracing::warn!(dataset = dataset.name(), reason = %state.reason, "dataset is not complete");
            }
            store.decide(&self.lease, self.run.id, &state).await?;
            self.announce();
        }
        self.finish().await
    }

    async fn finish(&mut self) -> Result<Outcome, Interruption> {
        let store = &self.runner.store;
        let known = store
            .dataset_states(self.lease.org, self.lease.connection)
            .await?;
        let states: Vec<State> = known.into_iter().map(|(state, _)| state).collect();
        let outcome = self.runner.outcome(&states);
        if outcome.state == RunState::Succeeded {
            let receipts = store.receipts(&self.lease, self.run.id).await?;
            let now = self.runner.clock().now();
            let finished = message::run_finished(&self.lease, &self.run, receipts, &states, now);
            self.send(&finished).await?;
        }
        Ok(outcome)
    }

    /// Closes the windows of a dataset, the newest first, as far as that is possible.
    async fn dataset(&mut self, dataset: Dataset) -> Result<(Completeness, String), Interruption> {
        let store = &self.runner.store;
        loop {
            let open = store
                .open_windows(&self.lease, self.run.id, dataset)
                .await?;
            let Some(interval) = open.first() else { break };
            let window = Planned {
                dataset,
                interval: *interval,
            };
            let Err(interruption) = self.window(window).await else {
                continue;
            };
            let Interruption::Pagerduty(failure) = interruption else {
                return Err(interruption);
            };
            let spent = Tally {
                spent: self.session.take_spent(),
                ..Tally::default()
            };
            if failure != Failure::Stopped {
                store
                    .progress(&self.lease, self.run.id, window, &spent)
                    .await?;
            }
            let failure = self.session.explain(dataset, failure);
            return verdict(&failure).ok_or(Interruption::Pagerduty(failure));
        }
        let progress = store.progress_of(self.lease.org, self.run.id).await?;
        let of_dataset = progress.into_iter().find(|(found, _)| *found == dataset);
        let missing = store
            .missing_records(&self.lease, self.run.id, dataset)
            .await?;
        Ok(verdict_over(
            &of_dataset.map(|(_, progress)| progress).unwrap_or_default(),
            missing,
        ))
    }

    /// Fetches a window and closes it, or cuts it.
    async fn window(&mut self, window: Planned) -> Result<(), Interruption> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut tally = Tally::default();
            let divisible = self.parts(window, Some(OFFSET_LIMIT + 1)).await?.is_some();
            let extent = self.fetch(window, divisible, &mut tally).await?;
            match extent {
                Extent::TooDeep(total) => {
                    if let Some(parts) = self.parts(window, total).await? {
                        return self.split(window, &parts, tally).await;
                    }
                    tally.expected = tally.expected.max(Some(tally.received + 1));
                }
                // What repeats itself would never end; there is more, but it cannot be had.
                Extent::Repeats => tally.expected = tally.expected.max(Some(tally.received + 1)),
                Extent::End => {
                    let short = tally
                        .expected
                        .is_some_and(|expected| tally.received < expected);
                    if short && attempts < WINDOW_ATTEMPTS {
                        continue;
                    }
                }
            }
            return self.complete(window, tally).await;
        }
    }

    /// The parts of a window that holds too much; `None` when it cannot be cut any further.
    async fn parts(
        &self,
        window: Planned,
        total: Option<i64>,
    ) -> Result<Option<Vec<Planned>>, Interruption> {
        let Some(rule) = dataset::rule(window.dataset) else {
            return Ok(None);
        };
        let Some(parts) = window.interval.split(total, rule.floor) else {
            return Ok(None);
        };
        let store = &self.runner.store;
        let progress = store.progress_of(self.lease.org, self.run.id).await?;
        let planned = progress
            .iter()
            .find(|(dataset, _)| *dataset == window.dataset);
        let most = total.map_or(MOST_BLIND_WINDOWS, |_| MOST_WINDOWS);
        if planned.is_some_and(|(_, progress)| progress.windows_planned >= most) {
            return Ok(None);
        }
        let part = |interval: Interval| Planned {
            dataset: window.dataset,
            interval,
        };
        Ok(Some(parts.into_iter().map(part).collect()))
    }

    async fn split(
        &mut self,
        window: Planned,
        parts: &[Planned],
        mut tally: Tally,
    ) -> Result<(), Interruption> {
        tally.spent = self.session.take_spent();
        metrics::window_split(window.dataset);
        tracing::debug!(dataset = window.dataset.name(), from = %window.interval.from, parts = parts.len(), "window split");
        let store = &self.runner.store;
        store
            .split(&self.lease, self.run.id, (window, parts), &tally)
            .await?;
        self.announce();
        Ok(())
    }

    async fn complete(&mut self, window: Planned, mut tally: Tally) -> Result<(), Interruption> {
        let now = self.runner.clock().now();
        let receipt = message::receipt(&self.lease, &self.run, window, &tally, now);
        self.send(&receipt).await?;
        tally.spent = self.session.take_spent();
        self.runner
            .store
            .complete(&self.lease, self.run.id, window, &tally)
            .await?;
        self.announce();
        Ok(())
    }

    /// Publishes a page, and only when the broker has it, writes how far the window has come.
    pub(super) async fn page(
        &mut self,
        window: Planned,
        page: Page,
        tally: &mut Tally,
    ) -> Result<(), Interruption> {
        let (rows, unreadable) = (page.rows, page.unreadable);
        let numbered = (tally.pages, self.runner.clock().now());
        let envelope = message::page(&self.lease, &self.run, window, numbered, page.payload);
        self.send(&envelope).await?;
        metrics::records_confirmed(window.dataset, rows as usize);
        tally.pages += 1;
        tally.received += rows;
        tally.unreadable += unreadable;
        tally.spent = self.session.take_spent();
        self.runner
            .store
            .progress(&self.lease, self.run.id, window, tally)
            .await?;
        tally.spent = super::Spent::default();
        self.announce();
        Ok(())
    }

    async fn send(&self, envelope: &proto::facts::v1::Envelope) -> Result<(), Interruption> {
        let publisher = &self.runner.publisher;
        publisher
            .publish(self.run.lane, self.lease.connection, envelope, &self.stop)
            .await?;
        Ok(())
    }

    fn announce(&self) {
        self.runner.changes.announce(self.lease.connection);
    }
}
