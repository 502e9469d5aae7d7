//! Where PagerDuty's answers have drifted from what is documented: fields that nobody has named and
//! kinds that nobody has listed. They are kept as they are or skipped; here they are counted. Only
//! names are looked at, never what stands under them.

use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU32, Ordering},
};

use proto::facts::v1::Dataset;
use serde_json::Value;

use crate::metrics;

mod known;

/// What is new in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drift {
    /// Names of fields of the records.
    pub fields: BTreeSet<String>,
    /// Values of fields that are documented as one of a few.
    pub kinds: BTreeSet<String>,
}

/// Longest name that is told; what is longer is no name.
const LONGEST: usize = 48;

/// One answer in so many is looked at: drift comes in releases, not in records.
const SAMPLED: u32 = 64;

static ANSWERS: [AtomicU32; Dataset::ALL.len() + 1] =
    [const { AtomicU32::new(0) }; Dataset::ALL.len() + 1];

/// Looks at one answer among many, the first one included, and counts what is new.
pub fn sample(dataset: Dataset, body: &[u8]) {
    let answers = ANSWERS.get(dataset as usize);
    let is_sampled = |answers: &AtomicU32| {
        answers
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SAMPLED)
    };
    if !answers.is_some_and(is_sampled) {
        return;
    }
    let found = drift(dataset, body);
    if found != Drift::default() {
        metrics::drifted(dataset, found.fields.len(), found.kinds.len());
        tracing::info!(dataset = dataset.name(), fields = ?found.fields, kinds = ?found.kinds, "PagerDuty tells more than is documented");
    }
}

/// What the records of an answer hold beyond the documentation. Nothing for an answer that is no list.
pub fn drift(dataset: Dataset, body: &[u8]) -> Drift {
    let Some(known) = known::of(dataset) else {
        return Drift::default();
    };
    let Ok(Value::Object(answer)) = serde_json::from_slice(body) else {
        return Drift::default();
    };
    let mut drift = Drift::default();
    let lists = answer
        .iter()
        .filter(|(name, _)| known.lists.contains(&name.as_str()));
    for record in lists.filter_map(|(_, list)| list.as_array()).flatten() {
        let Some(record) = record.as_object() else {
            continue;
        };
        for (name, value) in record {
            if !holds(known.fields, name) {
                drift.fields.extend(short(name));
                continue;
            }
            let kinds = known.kinds.iter().find(|(field, _)| field == name);
            if let (Some((_, kinds)), Some(kind)) = (kinds, value.as_str())
                && !holds(kinds, kind)
            {
                drift.kinds.extend(short(&format!("{name}={kind}")));
            }
        }
    }
    drift
}

fn holds(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

fn short(name: &str) -> Option<String> {
    (name.len() <= LONGEST).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_fields_and_new_kinds_are_seen_and_their_contents_are_not() {
        let body = br#"{"log_entries":[{"id":"R1","type":"acknowledge_log_entry","created_at":"x"},
            {"id":"R2","type":"brand_new_log_entry","mood":"secret"}],"more":false,"brand":[{"x":1}]}"#;
        let found = drift(Dataset::LogEntries, body);
        assert_eq!(found.fields, BTreeSet::from(["mood".to_owned()]));
        assert_eq!(
            found.kinds,
            BTreeSet::from(["type=brand_new_log_entry".to_owned()])
        );
        assert_eq!(drift(Dataset::LogEntries, b"<html>"), Drift::default());
    }
}
