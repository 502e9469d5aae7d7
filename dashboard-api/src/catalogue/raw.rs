//! PagerDuty's own strings and the features they stand for.

use super::MOBILE_APP;

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
