//! An event that PagerDuty pushes. Only who did what to what is read: titles, notes and messages
//! stay where they are.

use proto::facts::v1::Activity;
use serde::Deserialize;

use super::{
    Malformed, decode,
    value::{Instant, Many, One, Reference, Text},
};

/// What PagerDuty sends when a subscription is tried out; nothing has happened in the account.
const PING: &str = "pagey.ping";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subject {
    id: Text,
    r#type: Text,
    incident: One<Reference>,
    service: One<Reference>,
    services: Many<Reference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Row {
    id: Text,
    event_type: Text,
    occurred_at: Instant,
    agent: One<Reference>,
    data: One<Subject>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delivery {
    event: One<Row>,
}

/// A delivery, as far as it can be understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// PagerDuty's id, by which repeated deliveries are told.
    pub id: String,
    /// What happened; `None` when it says nothing about the account.
    pub activity: Option<Activity>,
}

/// Reads a delivery; `None` when it carries no id, and thus cannot be kept.
pub fn event(body: &[u8]) -> Result<Option<Event>, Malformed> {
    let Delivery { event } = decode(body)?;
    let row = event.0.unwrap_or_default();
    let Some(id) = row.id.clone().filled() else {
        return Ok(None);
    };
    let activity = row.activity(&id);
    Ok(Some(Event { id, activity }))
}

impl Row {
    fn activity(self, id: &str) -> Option<Activity> {
        let kind = self.event_type.filled()?;
        if kind == PING {
            return None;
        }
        let agent = self.agent.0.unwrap_or_default();
        let subject = self.data.0.unwrap_or_default();
        let is_incident = subject.r#type.0.as_deref() == Some("incident");
        let own_id = subject.id.or_empty();
        let incident_id = if is_incident {
            own_id.clone()
        } else {
            subject.incident.id_or_empty()
        };
        let (subject_type, subject_id) = if incident_id.is_empty() {
            (subject.r#type.or_empty(), own_id)
        } else {
            ("incident".to_owned(), incident_id.clone())
        };
        let mut service_ids = subject.services.ids();
        service_ids.extend(subject.service.id());
        Some(Activity {
            id: id.to_owned(),
            r#type: kind,
            at: Some(self.occurred_at.proto()?),
            agent_type: agent.r#type.or_empty(),
            agent_id: agent.id.or_empty(),
            subject_type,
            subject_id,
            incident_id,
            service_ids,
            ..Activity::default()
        })
    }
}
