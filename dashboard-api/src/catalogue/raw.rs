//! PagerDuty's own strings and the features they stand for.

use super::{AUTOMATION_RUN, CONFIG_CHANGE, MOBILE_APP, RESPONDER, WORKFLOW_RUN};

/// PagerDuty's log entry types that count as an action when a user is the agent.
pub(super) const ACTION_TYPES: &[(&str, &str)] = &[
    ("acknowledge_log_entry", "ack"),
    ("resolve_log_entry", "resolve"),
    ("assign_log_entry", "reassign"),
    ("delegate_log_entry", "reassign"),
    ("escalate_log_entry", "escalate"),
    ("snooze_log_entry", "snooze"),
    ("urgency_change_log_entry", "priority"),
    ("field_value_change_log_entry", "priority"),
    ("custom_field_value_change_log_entry", "priority"),
    ("annotate_log_entry", "note"),
    ("trigger_log_entry", "manual_incident"),
    ("status_update_log_entry", "status_update"),
    ("incident_status_update_log_entry", "status_update"),
];

pub(super) const CHANNEL_TYPES: &[(&str, &str)] = &[
    ("website", "web"),
    ("web_trigger", "web"),
    ("mobile", MOBILE_APP),
    ("push_notification", MOBILE_APP),
    ("ios_push_notification", MOBILE_APP),
    ("android_push_notification", MOBILE_APP),
    ("phone", "phone"),
    ("sms", "sms"),
    ("email", "email"),
    ("short_email", "email"),
    ("slack", "chat"),
    ("msteams", "chat"),
    ("api", "api"),
];

/// Activities that are a use by their agent: dataset, type (empty: any) and feature.
const ACTIVITY_TYPES: &[(&str, &str, &str)] = &[
    ("audit_records", "", CONFIG_CHANGE),
    ("automation_invocations", "", AUTOMATION_RUN),
    ("webhooks", "incident.workflow.started", WORKFLOW_RUN),
    ("webhooks", "incident.priority_updated", "priority"),
];

/// Webhook events that tell early what a log entry or an incident tells for good later; they count
/// only where those are not known yet.
const PROVISIONAL_TYPES: &[(&str, &str)] = &[
    ("incident.acknowledged", "ack"),
    ("incident.resolved", "resolve"),
    ("incident.reassigned", "reassign"),
    ("incident.delegated", "reassign"),
    ("incident.escalated", "escalate"),
    ("incident.annotated", "note"),
    ("incident.triggered", "manual_incident"),
    ("incident.status_update_published", "status_update"),
    ("incident.responder.added", RESPONDER),
    ("incident.responder.replied", RESPONDER),
];

/// The log entry type of a notification, whose notified user is a measure and not a use.
pub const NOTIFY: &str = "notify_log_entry";
/// The log entry type of an acknowledgement.
pub const ACKNOWLEDGE: &str = "acknowledge_log_entry";
/// Measure: notifications of a user.
pub const NOTIFIED: &str = "~notified";
/// Measure: notifications of a user at sleeping hours.
pub const WOKEN: &str = "~woken";

/// Log entry types and their features, column by column.
pub fn log_rules() -> (Vec<&'static str>, Vec<&'static str>) {
    ACTION_TYPES.iter().copied().unzip()
}

/// Datasets, types (empty: any) and features of activities, column by column.
pub fn activity_rules() -> (Vec<&'static str>, Vec<&'static str>, Vec<&'static str>) {
    let rules = ACTIVITY_TYPES.iter();
    let (names, features): (Vec<_>, Vec<_>) = rules.map(|(d, t, f)| ((*d, *t), *f)).unzip();
    let (datasets, types) = names.into_iter().unzip();
    (datasets, types, features)
}

/// The feature that an activity is a use of for good.
pub fn activity_feature(dataset: &str, kind: &str) -> Option<&'static str> {
    ACTIVITY_TYPES
        .iter()
        .find(|(d, t, _)| *d == dataset && (t.is_empty() || *t == kind))
        .map(|(_, _, feature)| *feature)
}

/// The feature that a webhook event counts for until something better is known.
pub fn provisional_of(event_type: &str) -> Option<&'static str> {
    lookup(PROVISIONAL_TYPES, event_type)
}

/// The agent type that stands for a person.
pub const PERSON_AGENT: &str = "user_reference";

/// The log entry types that the database has to look at.
pub fn action_types() -> Vec<String> {
    ACTION_TYPES
        .iter()
        .map(|(raw, _)| (*raw).to_owned())
        .collect()
}

/// The action feature of a log entry type; `None` for what is no action.
pub fn action_of(log_entry_type: &str) -> Option<&'static str> {
    lookup(ACTION_TYPES, log_entry_type)
}

/// Whether a feature is used through log entries, whose channel is a feature too.
pub fn action_of_feature(feature: &str) -> bool {
    ACTION_TYPES.iter().any(|(_, id)| *id == feature)
}

/// The feature of the channel an action came through; `None` for one that has no feature.
pub fn channel_of(channel_type: &str) -> Option<&'static str> {
    lookup(CHANNEL_TYPES, channel_type)
}

fn lookup(table: &[(&str, &'static str)], raw: &str) -> Option<&'static str> {
    table
        .iter()
        .find(|(known, _)| *known == raw)
        .map(|(_, id)| *id)
}
