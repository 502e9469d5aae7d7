//! Natural keys of the records of a page, as far as rows that came twice or not at all can be told
//! by them, and pages put together into one message.

use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::Timestamp;
use proto::facts::v1::envelope::Payload;

/// Hashes of the keys, one for each row; `None` where a row may be several records or none.
pub(super) fn keys(payload: &Payload) -> Option<Vec<u64>> {
    Some(match payload {
        Payload::LogEntries(list) => list.records.iter().map(|one| hash(&one.id)).collect(),
        Payload::Incidents(list) => list.records.iter().map(|one| hash(&one.id)).collect(),
        Payload::Users(list) => list.records.iter().map(|one| hash(&one.id)).collect(),
        _ => return None,
    })
}

fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// The instants by which PagerDuty orders a history, in the order of the page; `None` for lists that
/// are ordered otherwise, or when one cannot be read.
pub(super) fn instants(payload: &Payload) -> Option<Vec<Timestamp>> {
    let read = |at: Option<&prost_types::Timestamp>| at.and_then(proto::time::from_proto);
    match payload {
        Payload::LogEntries(list) => {
            let instants = list.records.iter().map(|one| read(one.created_at.as_ref()));
            instants.collect()
        }
        Payload::Incidents(list) => {
            let instants = list.records.iter().map(|one| read(one.created_at.as_ref()));
            instants.collect()
        }
        Payload::Activities(list) => list
            .records
            .iter()
            .map(|one| read(one.at.as_ref()))
            .collect(),
        _ => None,
    }
}

/// Puts a page behind another of the same kind; gives it back when they are not.
pub(super) fn append(first: &mut Payload, second: Payload) -> Result<usize, Payload> {
    macro_rules! of_one_kind {
        ($($kind:ident),* $(,)?) => {
            match (first, second) {
                $((Payload::$kind(first), Payload::$kind(second)) => {
                    first.records.extend(second.records);
                    Ok(first.records.len())
                })*
                (_, second) => Err(second),
            }
        };
    }
    of_one_kind!(
        Users,
        Licenses,
        LicenseAllocations,
        Teams,
        Services,
        EscalationPolicies,
        Schedules,
        Oncalls,
        LogEntries,
        Incidents,
        UserAnalytics,
        Resources,
        Activities,
        ResponderAnalytics,
        IncidentAnalytics,
        AdvanceUsage,
    )
}

#[cfg(test)]
mod tests {
    use proto::facts::v1::{LogEntries, LogEntry, Users};

    use super::*;

    fn entries(ids: &[&str]) -> Payload {
        let entry = |id: &&str| LogEntry {
            id: (*id).to_owned(),
            ..LogEntry::default()
        };
        Payload::LogEntries(LogEntries {
            records: ids.iter().map(entry).collect(),
        })
    }

    #[test]
    fn pages_of_one_kind_become_one_message() {
        let mut first = entries(&["A", "B"]);
        assert_eq!(append(&mut first, entries(&["C"])), Ok(3));
        assert_eq!(first, entries(&["A", "B", "C"]));
        let users = Payload::Users(Users::default());
        assert_eq!(append(&mut first, users.clone()), Err(users));
    }

    #[test]
    fn a_row_that_came_twice_has_the_same_key() {
        let keys = keys(&entries(&["A", "B", "A"])).expect("keyed");
        assert!(keys[0] == keys[2] && keys[0] != keys[1]);
    }
}
