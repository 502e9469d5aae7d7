//! A message from the queue after decoding: whose it is, which page, and what it brought. What
//! cannot be decoded into this is parked; nothing here touches the database.

use jiff::Timestamp;
use prost::Message as _;
use proto::{
    ConnectionId, OrgId, RunId,
    facts::v1::{Activity, Dataset, Envelope, Incident, LogEntry, envelope::Payload},
    time::from_proto,
};

/// Names a window of a run; a snapshot has no bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowBounds(pub Option<(Timestamp, Timestamp)>);

/// One message.
#[derive(Debug, Clone)]
pub struct FactsMessage {
    pub org: OrgId,
    pub connection: ConnectionId,
    pub run: RunId,
    pub as_of: Timestamp,
    /// `Unspecified` for the end of a run.
    pub dataset: Dataset,
    pub window: WindowBounds,
    pub page: i32,
    pub observed_at: Timestamp,
    pub trace_id: Option<String>,
    pub payload: Payload,
}

/// Why a message can never be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    #[error("not an envelope: {0}")]
    Undecodable(String),
    #[error("{0}")]
    Id(#[from] proto::ids::InvalidId),
    #[error("the envelope has no {0}")]
    Missing(&'static str),
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
    #[error("{kind} `{id}` has no time")]
    Timeless { kind: &'static str, id: String },
    #[error("the payload does not belong to dataset {0}")]
    WrongDataset(&'static str),
}

impl FactsMessage {
    pub fn decode(body: &[u8], trace_id: Option<String>) -> Result<Self, Malformed> {
        let envelope =
            Envelope::decode(body).map_err(|error| Malformed::Undecodable(error.to_string()))?;
        let dataset = envelope.dataset();
        let payload = envelope.payload.ok_or(Malformed::Missing("payload"))?;
        check(&payload, dataset)?;
        let window = envelope.window.map(|window| {
            Ok::<_, Malformed>((
                instant(window.from, "start of the window")?,
                instant(window.to, "end of the window")?,
            ))
        });
        Ok(Self {
            org: envelope.org_id.parse()?,
            connection: envelope.connection_id.parse()?,
            run: envelope.run_id.parse()?,
            as_of: instant(envelope.as_of, "as_of")?,
            dataset,
            window: WindowBounds(window.transpose()?),
            page: i32::try_from(envelope.page).map_err(|_| Malformed::OutOfRange("page"))?,
            observed_at: instant(envelope.observed_at, "observed_at")?,
            trace_id,
            payload,
        })
    }

    /// Number of records on a page; `None` for a receipt and the end of a run.
    pub fn records(&self) -> Option<i64> {
        let count = match &self.payload {
            Payload::Users(page) => page.records.len(),
            Payload::Licenses(page) => page.records.len(),
            Payload::LicenseAllocations(page) => page.records.len(),
            Payload::Teams(page) => page.records.len(),
            Payload::Services(page) => page.records.len(),
            Payload::EscalationPolicies(page) => page.records.len(),
            Payload::Schedules(page) => page.records.len(),
            Payload::Oncalls(page) => page.records.len(),
            Payload::LogEntries(page) => page.records.len(),
            Payload::Incidents(page) => page.records.len(),
            Payload::UserAnalytics(page) => page.records.len(),
            Payload::Resources(page) => page.records.len(),
            Payload::Activities(page) => page.records.len(),
            Payload::ResponderAnalytics(page) => page.records.len(),
            Payload::IncidentAnalytics(page) => page.records.len(),
            Payload::AdvanceUsage(page) => page.records.len(),
            Payload::Receipt(_) | Payload::RunFinished(_) => return None,
        };
        i64::try_from(count).ok()
    }
}

/// An instant that a field must have.
fn instant(at: Option<prost_types::Timestamp>, name: &'static str) -> Result<Timestamp, Malformed> {
    let at = at.ok_or(Malformed::Missing(name))?;
    from_proto(&at).ok_or(Malformed::OutOfRange(name))
}

/// An instant that may be absent or absurd.
pub fn optional(at: Option<prost_types::Timestamp>) -> Option<Timestamp> {
    at.as_ref().and_then(from_proto)
}

fn check(payload: &Payload, dataset: Dataset) -> Result<(), Malformed> {
    let expected = match payload {
        Payload::Users(_) => Dataset::Users,
        Payload::Licenses(_) => Dataset::Licenses,
        Payload::LicenseAllocations(_) => Dataset::LicenseAllocations,
        Payload::Teams(_) => Dataset::Teams,
        Payload::Services(_) => Dataset::Services,
        Payload::EscalationPolicies(_) => Dataset::EscalationPolicies,
        Payload::Schedules(_) => Dataset::Schedules,
        Payload::Oncalls(_) => Dataset::Oncalls,
        Payload::LogEntries(page) => {
            page.records.iter().try_for_each(log_entry_has_time)?;
            Dataset::LogEntries
        }
        Payload::Incidents(page) => {
            page.records.iter().try_for_each(incident_has_time)?;
            Dataset::Incidents
        }
        Payload::UserAnalytics(_) => Dataset::UserAnalytics,
        Payload::Resources(_) if is_of_resources(dataset) => dataset,
        Payload::Activities(page) if is_of_activities(dataset) => {
            page.records.iter().try_for_each(activity_has_time)?;
            dataset
        }
        Payload::Resources(_) | Payload::Activities(_) => Dataset::Unspecified,
        Payload::ResponderAnalytics(_) => Dataset::ResponderAnalytics,
        Payload::IncidentAnalytics(_) => Dataset::IncidentAnalytics,
        Payload::AdvanceUsage(_) => Dataset::AdvanceUsage,
        Payload::Receipt(_) if dataset == Dataset::Unspecified => {
            return Err(Malformed::Missing("dataset"));
        }
        Payload::Receipt(_) | Payload::RunFinished(_) => return Ok(()),
    };
    if expected == dataset {
        Ok(())
    } else {
        Err(Malformed::WrongDataset(dataset.name()))
    }
}

fn is_of_activities(dataset: Dataset) -> bool {
    matches!(
        dataset,
        Dataset::AuditRecords
            | Dataset::AutomationInvocations
            | Dataset::Notifications
            | Dataset::ChangeEvents
            | Dataset::Webhooks
    )
}

fn is_of_resources(dataset: Dataset) -> bool {
    matches!(
        dataset,
        Dataset::Abilities
            | Dataset::Priorities
            | Dataset::Tags
            | Dataset::BusinessServices
            | Dataset::MaintenanceWindows
            | Dataset::StatusPages
            | Dataset::StatusPagePosts
            | Dataset::IncidentWorkflows
            | Dataset::AutomationActions
            | Dataset::EventOrchestrations
            | Dataset::AlertGroupingSettings
            | Dataset::Extensions
            | Dataset::Templates
            | Dataset::Subscriptions
            | Dataset::UserDelegations
    )
}

fn activity_has_time(activity: &Activity) -> Result<(), Malformed> {
    has_time("activity", &activity.id, activity.at)
}

fn log_entry_has_time(entry: &LogEntry) -> Result<(), Malformed> {
    has_time("log entry", &entry.id, entry.created_at)
}

fn incident_has_time(incident: &Incident) -> Result<(), Malformed> {
    has_time("incident", &incident.id, incident.created_at)
}

fn has_time(
    kind: &'static str,
    id: &str,
    at: Option<prost_types::Timestamp>,
) -> Result<(), Malformed> {
    let timeless = || Malformed::Timeless {
        kind,
        id: id.to_owned(),
    };
    optional(at).map(drop).ok_or_else(timeless)
}

#[cfg(test)]
mod tests {
    use proto::facts::v1::{LogEntries, Users};

    use super::*;

    fn envelope(payload: Option<Payload>, dataset: Dataset) -> Vec<u8> {
        let now = Some(prost_types::Timestamp {
            seconds: 1_700_000_000,
            nanos: 0,
        });
        let id = uuid::Uuid::nil().to_string();
        let envelope = Envelope {
            org_id: id.clone(),
            connection_id: id.clone(),
            run_id: id,
            as_of: now,
            dataset: dataset.into(),
            window: None,
            page: 0,
            observed_at: now,
            payload,
        };
        envelope.encode_to_vec()
    }

    #[test]
    fn a_page_is_decoded() {
        let body = envelope(Some(Payload::Users(Users::default())), Dataset::Users);
        let message = FactsMessage::decode(&body, None).expect("decodes");
        assert_eq!(
            (message.dataset, message.records()),
            (Dataset::Users, Some(0))
        );
    }

    #[test]
    fn what_can_never_be_applied_says_why() {
        let cases = [
            (b"\xff\xff".to_vec(), "not an envelope"),
            (
                envelope(None, Dataset::Users),
                "the envelope has no payload",
            ),
            (
                envelope(Some(Payload::Users(Users::default())), Dataset::Teams),
                "the payload does not belong to dataset teams",
            ),
            (
                envelope(
                    Some(Payload::LogEntries(LogEntries {
                        records: vec![LogEntry {
                            id: "R1".to_owned(),
                            ..LogEntry::default()
                        }],
                    })),
                    Dataset::LogEntries,
                ),
                "log entry `R1` has no time",
            ),
        ];
        for (body, reason) in cases {
            let error = FactsMessage::decode(&body, None).expect_err("malformed");
            assert!(error.to_string().starts_with(reason), "{error}");
        }
    }
}
