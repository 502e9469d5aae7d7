//! What is left of a run, in the order in which it is fetched: snapshots first, then all histories
//! together, the newest time first, so that pages fill early. Pure.

use std::collections::HashMap;

use jiff::Timestamp;
use proto::facts::v1::{Completeness, Dataset};

use crate::window::Planned;

/// Windows of a dataset that fail one after another before the rest of it is left for this run: what
/// answers them is ill, and asking on would only make it worse.
const FAILURES_IN_A_ROW: u32 = 3;
/// Windows of one dataset in one run at most: behind this, cutting does not help.
const MOST_WINDOWS: i64 = 2_000;
/// The same where PagerDuty does not say how much there is: each of them may cost 100 pages, and a
/// list that never ends must not be followed for a day.
const MOST_BLIND_WINDOWS: i64 = 200;

/// One dataset of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Chapter {
    /// Windows that wait or are being fetched.
    open: usize,
    /// All windows that are not cut.
    planned: i64,
    closed: i64,
    failures_in_a_row: u32,
    /// What was found that is not completeness.
    found: Option<(Completeness, String)>,
    /// Nothing more is fetched of it in this run.
    left: bool,
    /// What it came to is written down.
    decided: bool,
}

/// What is left of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Agenda {
    waiting: Vec<Planned>,
    chapters: HashMap<Dataset, Chapter>,
}

/// The sort key: the least is fetched first.
fn urgency(window: &Planned) -> (bool, Option<std::cmp::Reverse<Timestamp>>, usize) {
    let order = Dataset::ALL.iter().position(|one| *one == window.dataset);
    let is_history = window.dataset.is_windowed();
    let newest = is_history.then_some(std::cmp::Reverse(window.interval.to));
    (is_history, newest, order.unwrap_or(usize::MAX))
}

/// Whether a dataset is needed shows when another one is known.
fn waits_for(dataset: Dataset) -> Option<Dataset> {
    (dataset == Dataset::UserDelegations).then_some(Dataset::UserAnalytics)
}

impl Agenda {
    /// With these windows to fetch.
    pub(super) fn of(windows: Vec<Planned>) -> Self {
        let mut agenda = Self::default();
        agenda.add(&windows);
        agenda
    }

    fn add(&mut self, windows: &[Planned]) {
        for window in windows {
            let chapter = self.chapters.entry(window.dataset).or_default();
            chapter.open += 1;
            chapter.planned += 1;
        }
        self.waiting.extend_from_slice(windows);
        // The most urgent is the last, where it is cheap to take.
        self.waiting
            .sort_by_key(|window| std::cmp::Reverse(urgency(window)));
    }

    /// The next window to fetch.
    pub(super) fn next(&mut self) -> Option<Planned> {
        let may_begin =
            |window: &Planned| waits_for(window.dataset).is_none_or(|other| self.is_decided(other));
        let at = self.waiting.iter().rposition(may_begin)?;
        Some(self.waiting.remove(at))
    }

    /// Whether a window of the dataset may be cut into more.
    pub(super) fn may_cut(&self, dataset: Dataset, counted: bool) -> bool {
        let planned = self.chapters.get(&dataset).map_or(0, |one| one.planned);
        let most = if counted {
            MOST_WINDOWS
        } else {
            MOST_BLIND_WINDOWS
        };
        planned < most
    }

    /// A window that was being fetched is replaced by parts, of which the first is being fetched on.
    pub(super) fn cut(&mut self, rest: &[Planned]) {
        self.add(rest);
    }

    /// A window that was being fetched is replaced by parts, none of them being fetched.
    pub(super) fn split(&mut self, window: Planned, parts: &[Planned]) {
        if let Some(chapter) = self.chapters.get_mut(&window.dataset) {
            chapter.open -= 1;
            chapter.planned -= 1;
        }
        self.add(parts);
    }

    /// A window was read.
    pub(super) fn closed(&mut self, dataset: Dataset) {
        let chapter = self.chapters.entry(dataset).or_default();
        chapter.open = chapter.open.saturating_sub(1);
        chapter.closed += 1;
        chapter.failures_in_a_row = 0;
    }

    /// A window could not be read. Answers whether the rest of the dataset is left for this run.
    pub(super) fn failed(&mut self, dataset: Dataset, found: (Completeness, String)) -> bool {
        let chapter = self.chapters.entry(dataset).or_default();
        chapter.open = chapter.open.saturating_sub(1);
        chapter.failures_in_a_row += 1;
        let is_barred = found.0 != Completeness::Partial;
        if is_barred || chapter.found.is_none() {
            chapter.found = Some(found);
        }
        let leave = is_barred || chapter.failures_in_a_row >= FAILURES_IN_A_ROW;
        if leave && !chapter.left {
            chapter.left = true;
            self.drop_waiting(dataset);
            return true;
        }
        false
    }

    /// Leaves the older windows of every history of which something was read to the next run.
    /// Answers the datasets of which something is left.
    pub(super) fn leave_history(&mut self) -> Vec<Dataset> {
        let chapters = self.chapters.iter();
        let candidates: Vec<Dataset> = chapters
            .filter(|(dataset, one)| dataset.is_windowed() && one.closed > 0 && !one.left)
            .map(|(dataset, _)| *dataset)
            .collect();
        candidates
            .into_iter()
            .filter(|dataset| self.drop_waiting(*dataset))
            .collect()
    }

    fn drop_waiting(&mut self, dataset: Dataset) -> bool {
        let before = self.waiting.len();
        self.waiting.retain(|window| window.dataset != dataset);
        let dropped = before - self.waiting.len();
        if let Some(chapter) = self.chapters.get_mut(&dataset) {
            chapter.open -= dropped;
        }
        dropped > 0
    }

    /// Whether nothing waits or is being fetched.
    pub(super) fn is_done(&self) -> bool {
        self.chapters.values().all(|one| one.open == 0)
    }

    /// Whether nothing of the dataset waits or is being fetched.
    pub(super) fn is_over(&self, dataset: Dataset) -> bool {
        self.chapters.get(&dataset).is_none_or(|one| one.open == 0)
    }

    /// What a dataset came to is written down.
    pub(super) fn decided(&mut self, dataset: Dataset) {
        if let Some(chapter) = self.chapters.get_mut(&dataset) {
            chapter.decided = true;
        }
    }

    /// Whether it is known what a dataset of this run came to, if it is one.
    fn is_decided(&self, dataset: Dataset) -> bool {
        self.chapters.get(&dataset).is_none_or(|one| one.decided)
    }

    /// What was found of a dataset that is not completeness.
    pub(super) fn found(&self, dataset: Dataset) -> Option<(Completeness, String)> {
        self.chapters.get(&dataset)?.found.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::window::Interval;

    fn window(dataset: Dataset, from: i64, to: i64) -> Planned {
        let at = |day: i64| Timestamp::from_second(day * 86_400).expect("in range");
        Planned {
            dataset,
            interval: Interval {
                from: at(from),
                to: at(to),
            },
        }
    }

    fn partial() -> (Completeness, String) {
        (Completeness::Partial, "ill".to_owned())
    }

    #[test]
    fn snapshots_come_first_and_then_the_newest_of_every_history() {
        let entries = |from, to| window(Dataset::LogEntries, from, to);
        let incidents = |from, to| window(Dataset::Incidents, from, to);
        let windows = vec![
            entries(0, 30),
            incidents(30, 60),
            window(Dataset::Teams, 60, 60),
            entries(30, 60),
            incidents(0, 30),
            window(Dataset::Users, 60, 60),
        ];
        let mut agenda = Agenda::of(windows);
        let order: Vec<Planned> = std::iter::from_fn(|| agenda.next()).collect();
        let expected = [
            window(Dataset::Users, 60, 60),
            window(Dataset::Teams, 60, 60),
            entries(30, 60),
            incidents(30, 60),
            entries(0, 30),
            incidents(0, 30),
        ];
        assert_eq!(order, expected);
    }

    #[test]
    fn one_unreadable_window_costs_nothing_else_but_three_in_a_row_end_the_dataset() {
        let windows = (0..9)
            .map(|n| window(Dataset::LogEntries, n, n + 1))
            .collect();
        let mut agenda = Agenda::of(windows);
        agenda.next();
        assert!(!agenda.failed(Dataset::LogEntries, partial()));
        agenda.next();
        agenda.closed(Dataset::LogEntries);
        for last in [false, false, true] {
            agenda.next();
            assert_eq!(agenda.failed(Dataset::LogEntries, partial()), last);
        }
        assert!(agenda.is_over(Dataset::LogEntries));
        assert_eq!(agenda.next(), None);
        assert_eq!(agenda.found(Dataset::LogEntries), Some(partial()));
    }

    #[test]
    fn a_barred_dataset_is_left_at_once() {
        let windows = (0..9)
            .map(|n| window(Dataset::AuditRecords, n, n + 1))
            .collect();
        let mut agenda = Agenda::of(windows);
        agenda.next();
        let barred = (Completeness::NotInPlan, "plan".to_owned());
        assert!(agenda.failed(Dataset::AuditRecords, barred.clone()));
        assert_eq!(agenda.found(Dataset::AuditRecords), Some(barred));
        assert!(agenda.is_over(Dataset::AuditRecords));
    }

    #[test]
    fn whether_delegations_are_needed_is_asked_when_it_is_written_what_analytics_came_to() {
        let delegations = window(Dataset::UserDelegations, 60, 60);
        let analytics = window(Dataset::UserAnalytics, 60, 60);
        let mut agenda = Agenda::of(vec![delegations, analytics]);
        assert_eq!(agenda.next(), Some(analytics));
        agenda.closed(Dataset::UserAnalytics);
        assert_eq!((agenda.next(), agenda.is_done()), (None, false));
        agenda.decided(Dataset::UserAnalytics);
        assert_eq!(agenda.next(), Some(delegations));
    }

    #[test]
    fn a_long_backfill_leaves_the_rest_only_where_it_has_come_somewhere() {
        let mut agenda = Agenda::of(vec![
            window(Dataset::LogEntries, 0, 30),
            window(Dataset::LogEntries, 30, 60),
            window(Dataset::Incidents, 0, 60),
        ]);
        let first = agenda.next().expect("one");
        agenda.closed(first.dataset);
        let left = agenda.leave_history();
        assert_eq!(left.len(), 1, "{left:?}");
        assert!(agenda.is_over(left[0]));
    }

    #[test]
    fn the_parts_of_a_window_take_its_place() {
        let whole = window(Dataset::LogEntries, 0, 4);
        let mut agenda = Agenda::of(vec![whole]);
        agenda.next();
        let parts = [
            window(Dataset::LogEntries, 2, 4),
            window(Dataset::LogEntries, 0, 2),
        ];
        agenda.split(whole, &parts);
        assert!(!agenda.is_over(Dataset::LogEntries));
        for part in parts {
            assert_eq!(agenda.next(), Some(part));
            agenda.closed(Dataset::LogEntries);
        }
        assert!(agenda.is_over(Dataset::LogEntries));
    }
}
