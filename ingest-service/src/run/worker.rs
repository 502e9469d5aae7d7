//! The order of a run: its plan, several windows of it at a time, what each dataset came to, and the
//! message that closes it.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use proto::facts::v1::{Completeness, Dataset};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Interruption, Outcome, Run, Runner,
    agenda::Agenda,
    conclude::{conclude, verdict, verdict_over},
    consenter::Consenter,
    message,
};
use crate::{
    coverage::Coverage,
    dataset::{self, Due, State, plan_run},
    lease::Lease,
    pagerduty::{Failure, Session},
    window::Planned,
};

/// Works on one run.
pub(super) struct Worker<'a> {
    pub(super) runner: &'a Runner,
    pub(super) lease: Lease,
    pub(super) run: Run,
    pub(super) session: Session,
    pub(super) stop: CancellationToken,
    pub(super) consenter: Mutex<Consenter>,
    pub(super) agenda: Mutex<Agenda>,
    /// The agenda has changed.
    pub(super) moved: Notify,
    pub(super) noted: Mutex<Instant>,
    /// What was covered when the run began to work.
    covered: HashMap<Dataset, Coverage>,
}

impl<'a> Worker<'a> {
    /// Of a run under way.
    pub(super) async fn new(
        runner: &'a Runner,
        (lease, run): (Lease, Run),
        session: Session,
        stop: CancellationToken,
    ) -> Result<Self, Interruption> {
        let covered = runner.store.coverage(lease.org, lease.connection).await?;
        Ok(Self {
            runner,
            lease,
            run,
            session,
            stop,
            consenter: Mutex::default(),
            agenda: Mutex::default(),
            moved: Notify::new(),
            noted: Mutex::new(Instant::now()),
            covered,
        })
    }

    /// Everything that is left of the run.
    pub(super) async fn work(&'a self) -> Result<Outcome, Interruption> {
        let store = &self.runner.store;
        let known = store
            .dataset_states(self.lease.org, self.lease.connection)
            .await?;
        let mut plan = plan_run(
            |dataset| self.covered.get(&dataset).cloned().unwrap_or_default(),
            self.run.as_of,
            self.runner.settings.history,
        );
        let states: Vec<State> = known.iter().map(|(state, _)| state.clone()).collect();
        let wanted = &self.runner.settings.datasets;
        plan.retain(|planned| {
            wanted.iter().any(|one| one == planned.dataset)
                && dataset::due(planned.dataset, &states, self.run.as_of) != Due::Fresh
        });
        store.plan(&self.lease, self.run.id, &plan).await?;
        let open = store.open_windows(&self.lease, self.run.id).await?;
        *self.agenda() = Agenda::of(open);
        let decided = |dataset: &Dataset| {
            let state = known.iter().find(|(state, _)| state.dataset == *dataset);
            state.is_some_and(|(_, decided_by)| *decided_by == self.run.id)
        };
        // What was read to its end before another process died on the run.
        let planned = store.progress_of(self.lease.org, self.run.id).await?;
        for (dataset, _) in planned {
            if !decided(&dataset) && self.agenda().is_over(dataset) {
                self.decide(dataset).await?;
            }
        }
        tokio::select! {
            read = self.read_all() => read?,
            never = self.follow_incidents() => match never {},
        }
        self.finish().await
    }

    /// Several windows at a time until none is left.
    async fn read_all(&'a self) -> Result<(), Interruption> {
        let hands = (0..self.concurrency()).map(|_| self.hand());
        futures::future::try_join_all(hands).await?;
        Ok(())
    }

    /// One window after another. Whoever waits for the database here must not keep the others from
    /// going on, who may hold what it waits for: each hand does everything for its window itself.
    async fn hand(&'a self) -> Result<(), Interruption> {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            match self.next_window().await? {
                Some(window) => {
                    let ended = self.window(window).await;
                    self.ended(window, ended).await?;
                    self.moved.notify_waiters();
                }
                None if self.agenda().is_done() => return Ok(()),
                None => moved.await,
            }
        }
    }

    /// The next window; after a while only what is fresh, so that a long backfill does not keep the
    /// day's data waiting.
    async fn next_window(&self) -> Result<Option<Planned>, Interruption> {
        if self.runner.clock().now() >= self.run.started_at + self.runner.settings.slice {
            let left = self.agenda().leave_history();
            for dataset in left {
                let store = &self.runner.store;
                store
                    .postpone(&self.lease, self.run.id, dataset, false)
                    .await?;
                if self.agenda().is_over(dataset) {
                    self.decide(dataset).await?;
                }
            }
        }
        loop {
            let next = self.agenda().next();
            let Some(window) = next else { return Ok(None) };
            if self.is_needed(window.dataset).await? {
                return Ok(Some(window));
            }
            self.agenda().closed(window.dataset);
            self.moved.notify_waiters();
        }
    }

    /// Whether a dataset tells anything that another one does not.
    async fn is_needed(&self, dataset: Dataset) -> Result<bool, Interruption> {
        if dataset != Dataset::UserDelegations {
            return Ok(true);
        }
        let store = &self.runner.store;
        let known = store
            .dataset_states(self.lease.org, self.lease.connection)
            .await?;
        let states: Vec<State> = known.into_iter().map(|(state, _)| state).collect();
        let Due::Needless(reason) = dataset::due(dataset, &states, self.run.as_of) else {
            return Ok(true);
        };
        let state = State {
            reason: reason.to_owned(),
            ..State::pending(dataset)
        };
        store.unplan(&self.lease, self.run.id, dataset).await?;
        store.decide(&self.lease, self.run.id, &state).await?;
        Ok(false)
    }

    /// Draws the conclusions of a window that was read, or not.
    async fn ended(
        &self,
        window: Planned,
        ended: Result<Option<Planned>, Interruption>,
    ) -> Result<(), Interruption> {
        let dataset = window.dataset;
        match ended {
            // Cut into parts that are on the agenda.
            Ok(None) => return Ok(()),
            Ok(Some(_)) => self.agenda().closed(dataset),
            Err(Interruption::Pagerduty(failure)) => self.gave_up(dataset, failure).await?,
            Err(interruption) => return Err(interruption),
        }
        if self.agenda().is_over(dataset) {
            self.decide(dataset).await?;
        }
        Ok(())
    }

    async fn gave_up(&self, dataset: Dataset, failure: Failure) -> Result<(), Interruption> {
        let failure = self.session.explain(dataset, failure);
        let Some(found) = verdict(&failure) else {
            return Err(Interruption::Pagerduty(failure));
        };
        let is_left = self.agenda().failed(dataset, found);
        if is_left {
            let store = &self.runner.store;
            store
                .postpone(&self.lease, self.run.id, dataset, true)
                .await?;
        }
        Ok(())
    }

    /// Writes what a run found out about a dataset.
    async fn decide(&self, dataset: Dataset) -> Result<(), Interruption> {
        let store = &self.runner.store;
        let progress = store.progress_of(self.lease.org, self.run.id).await?;
        let of_dataset = progress.into_iter().find(|(found, _)| *found == dataset);
        let progress = of_dataset.map(|(_, progress)| progress).unwrap_or_default();
        let found = self.agenda().found(dataset);
        let found = found.unwrap_or_else(|| verdict_over(&progress));
        let covered = store
            .coverage(self.lease.org, self.lease.connection)
            .await?;
        let newest = covered
            .get(&dataset)
            .and_then(|covered| covered.newest(self.run.as_of));
        let state = conclude(dataset, found, newest, self.run.as_of);
        if state.completeness != Completeness::Complete {
            tracing::warn!(dataset = dataset.name(), reason = %state.reason, "dataset is not complete");
        }
        store.decide(&self.lease, self.run.id, &state).await?;
        self.agenda().decided(dataset);
        self.moved.notify_waiters();
        if dataset == Dataset::Users && state.completeness == Completeness::Complete {
            self.report_consenter().await;
        }
        self.announce();
        Ok(())
    }

    async fn finish(&self) -> Result<Outcome, Interruption> {
        let store = &self.runner.store;
        let of = (self.lease.org, self.lease.connection);
        crate::webhook::confirm(store, &self.session, of, self.runner.clock().now()).await?;
        let known = store
            .dataset_states(self.lease.org, self.lease.connection)
            .await?;
        let states: Vec<State> = known.into_iter().map(|(state, _)| state).collect();
        let progress = store.progress_of(self.lease.org, self.run.id).await?;
        let outcome = self.runner.outcome(&states, &progress);
        let receipts = progress.iter().map(|(_, one)| one.windows_done).sum();
        let now = self.runner.clock().now();
        crate::probe::learn(store, of, &states, now).await?;
        let finished = message::run_finished(&self.lease, &self.run, receipts, &states, now);
        self.send(&finished).await?;
        Ok(outcome)
    }

    pub(super) async fn send(
        &self,
        envelope: &proto::facts::v1::Envelope,
    ) -> Result<(), crate::publisher::Stopped> {
        let publisher = &self.runner.publisher;
        publisher
            .publish(self.run.lane, self.lease.connection, envelope, &self.stop)
            .await
    }

    pub(super) fn concurrency(&self) -> usize {
        self.runner.settings.concurrency.max(1)
    }

    /// Whether a window goes on where an earlier run has ended.
    pub(super) fn is_refresh(&self, window: Planned) -> bool {
        let known = self.covered.get(&window.dataset);
        let newest = known.and_then(|covered| covered.newest(self.run.as_of));
        let from = window.interval.from;
        newest.is_some_and(|newest| newest.from <= from && from < newest.to)
    }

    pub(super) fn agenda(&self) -> MutexGuard<'_, Agenda> {
        self.agenda.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn announce(&self) {
        self.runner.changes.announce(self.lease.connection);
    }
}
