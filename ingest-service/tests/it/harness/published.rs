//! What was published, sorted.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proto::facts::v1::{Dataset, Envelope, Receipt, RunFinished, envelope::Payload};

/// What was published, sorted.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) envelopes: Vec<Envelope>,
    pub(crate) traceparents: BTreeSet<String>,
    /// Messages without trace context.
    pub(crate) untraced: usize,
}

/// The key of a window on the queue.
pub(crate) type WindowKey = (Dataset, Option<i64>, Option<i64>);

impl Published {
    /// Natural keys of the distinct records of each dataset.
    pub(crate) fn records(&self) -> BTreeMap<&'static str, BTreeSet<String>> {
        let mut records: BTreeMap<&'static str, BTreeSet<String>> = BTreeMap::new();
        for envelope in &self.envelopes {
            let keys = keys(envelope.payload.as_ref().expect("a payload"));
            if !keys.is_empty() {
                records
                    .entry(envelope.dataset().name())
                    .or_default()
                    .extend(keys);
            }
        }
        records
    }

    /// Ids of the records of a history within `[from, to)`.
    pub(crate) fn since(&self, name: &str, from: Timestamp, to: Timestamp) -> BTreeSet<String> {
        let range = from.as_second()..to.as_second();
        let inside =
            |at: Option<&prost_types::Timestamp>| at.is_some_and(|at| range.contains(&at.seconds));
        let mut ids = BTreeSet::new();
        for envelope in &self.envelopes {
            match envelope.payload.as_ref() {
                Some(Payload::LogEntries(list)) if name == "log_entries" => {
                    let found = list.records.iter();
                    let found = found.filter(|one| inside(one.created_at.as_ref()));
                    ids.extend(found.map(|one| one.id.clone()));
                }
                Some(Payload::Incidents(list)) if name == "incidents" => {
                    let found = list.records.iter();
                    let found = found.filter(|one| inside(one.created_at.as_ref()));
                    ids.extend(found.map(|one| one.id.clone()));
                }
                _ => {}
            }
        }
        ids
    }

    pub(crate) fn receipts(&self) -> Vec<(WindowKey, Receipt)> {
        let receipt = |envelope: &Envelope| match envelope.payload {
            Some(Payload::Receipt(receipt)) => Some((window_key(envelope), receipt)),
            _ => None,
        };
        self.envelopes.iter().filter_map(receipt).collect()
    }

    pub(crate) fn finished(&self) -> Option<&RunFinished> {
        self.envelopes
            .iter()
            .find_map(|envelope| match &envelope.payload {
                Some(Payload::RunFinished(finished)) => Some(finished),
                _ => None,
            })
    }

    /// Fails unless every receipt's pages are here, and the run's end counts all receipts.
    pub(crate) fn assert_whole(&self) {
        let mut pages: BTreeSet<(WindowKey, u32)> = BTreeSet::new();
        for envelope in &self.envelopes {
            if !matches!(
                envelope.payload,
                Some(Payload::Receipt(_) | Payload::RunFinished(_))
            ) {
                pages.insert((window_key(envelope), envelope.page));
            }
        }
        let receipts: BTreeMap<_, _> = self.receipts().into_iter().collect();
        for (key, receipt) in &receipts {
            for page in 0..receipt.pages {
                assert!(
                    pages.contains(&(*key, page)),
                    "page {page} of {key:?} is missing"
                );
            }
        }
        let finished = self.finished().expect("the run's end");
        assert_eq!(finished.receipts as usize, receipts.len());
    }
}

fn window_key(envelope: &Envelope) -> WindowKey {
    let window = envelope.window.as_ref();
    let second = |at: Option<&prost_types::Timestamp>| at.map(|at| at.seconds);
    (
        envelope.dataset(),
        window.and_then(|window| second(window.from.as_ref())),
        window.and_then(|window| second(window.to.as_ref())),
    )
}

fn keys(payload: &Payload) -> Vec<String> {
    match payload {
        Payload::Users(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::Licenses(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::LicenseAllocations(list) => {
            list.records.iter().map(|one| one.user_id.clone()).collect()
        }
        Payload::Teams(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::Services(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::EscalationPolicies(list) => {
            list.records.iter().map(|one| one.id.clone()).collect()
        }
        Payload::Schedules(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::Oncalls(list) => list.records.iter().map(|one| format!("{one:?}")).collect(),
        Payload::LogEntries(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::Incidents(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::UserAnalytics(list) => {
            list.records.iter().map(|one| one.user_id.clone()).collect()
        }
        Payload::Resources(list) => {
            let key = |one: &proto::facts::v1::Resource| format!("{} {}", one.r#type, one.id);
            list.records.iter().map(key).collect()
        }
        // An audit record is as many activities as it has actors.
        Payload::Activities(list) => list.records.iter().map(|one| one.id.clone()).collect(),
        Payload::ResponderAnalytics(list) => {
            list.records.iter().map(|one| format!("{one:?}")).collect()
        }
        Payload::IncidentAnalytics(list) => {
            let records = list.records.iter();
            records.map(|one| one.incident_id.clone()).collect()
        }
        Payload::AdvanceUsage(list) => list.records.iter().map(|one| format!("{one:?}")).collect(),
        Payload::Receipt(_) | Payload::RunFinished(_) => Vec::new(),
    }
}
