//! What an incident of the script consists of, and what it looks like at an instant.

use super::ident::{Place, PlaceKind, place_id};

/// Who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// A person.
    User(usize),
    /// A person who has left the account since.
    Former(u8),
    /// The incident's service: time-outs, automatic resolves, notifications.
    Service,
    /// The monitoring tool.
    Integration,
}

/// PagerDuty's raw channel types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are PagerDuty's own words")]
pub enum Channel {
    Auto,
    Timeout,
    Events,
    Nagios,
    Api,
    Website,
    WebTrigger,
    Mobile,
    IosPush,
    AndroidPush,
    Push,
    Phone,
    Sms,
    Slack,
    Msteams,
    Email,
    ShortEmail,
    Note,
    /// A word in no documentation.
    Unknown,
}

impl Channel {
    /// The raw string of the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Timeout => "timeout",
            Self::Events => "events",
            Self::Nagios => "nagios",
            Self::Api => "api",
            Self::Website => "website",
            Self::WebTrigger => "web_trigger",
            Self::Mobile => "mobile",
            Self::IosPush => "ios_push_notification",
            Self::AndroidPush => "android_push_notification",
            Self::Push => "push_notification",
            Self::Phone => "phone",
            Self::Sms => "sms",
            Self::Slack => "slack",
            Self::Msteams => "msteams",
            Self::Email => "email",
            Self::ShortEmail => "short_email",
            Self::Note => "note",
            Self::Unknown => "smart_speaker",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are PagerDuty's own words")]
pub enum What {
    Trigger,
    Assign,
    /// Somebody is told, over the n-th kind of notification.
    Notify(u8),
    Acknowledge,
    Unacknowledge,
    Resolve,
    Delegate,
    Escalate,
    ExhaustEscalationPath,
    Annotate,
    Snooze,
    UrgencyChange,
    FieldValueChange,
    CustomFieldValueChange,
    StatusUpdate,
    IncidentStatusUpdate,
    ResponderRequest,
}

impl What {
    /// The API's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trigger => "trigger_log_entry",
            Self::Assign => "assign_log_entry",
            Self::Notify(_) => "notify_log_entry",
            Self::Acknowledge => "acknowledge_log_entry",
            Self::Unacknowledge => "unacknowledge_log_entry",
            Self::Resolve => "resolve_log_entry",
            Self::Delegate => "delegate_log_entry",
            Self::Escalate => "escalate_log_entry",
            Self::ExhaustEscalationPath => "exhaust_escalation_path_log_entry",
            Self::Annotate => "annotate_log_entry",
            Self::Snooze => "snooze_log_entry",
            Self::UrgencyChange => "urgency_change_log_entry",
            Self::FieldValueChange => "field_value_change_log_entry",
            Self::CustomFieldValueChange => "custom_field_value_change_log_entry",
            Self::StatusUpdate => "status_update_log_entry",
            Self::IncidentStatusUpdate => "incident_status_update_log_entry",
            Self::ResponderRequest => "responder_request_log_entry",
        }
    }

    /// Whether `is_overview=true` shows it.
    #[must_use]
    pub const fn is_overview(self) -> bool {
        !matches!(
            self,
            Self::Notify(_) | Self::Annotate | Self::ResponderRequest
        )
    }
}

/// One log entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Seconds since 1970.
    pub at: i64,
    /// What happened.
    pub what: What,
    /// Who did it.
    pub agent: Agent,
    /// From where.
    pub channel: Channel,
    /// Who it went to: notified, assigned, escalated or delegated to.
    pub to: Option<usize>,
}

/// How somebody answers a responder request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Not at all.
    Silent,
    /// Joins at that instant.
    Joined(i64),
    /// Declines at that instant.
    Declined(i64),
}

/// Somebody asked to help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Invitee {
    /// Who.
    pub user: usize,
    /// How they answer.
    pub answer: Answer,
}

/// A responder request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who asks.
    pub requester: usize,
    /// When.
    pub at: i64,
    /// Who is asked.
    pub invitees: Vec<Invitee>,
}

/// One incident's whole life; all of it within 24 hours of `created_at`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// UTC day of its creation.
    pub day: i64,
    /// Position among the day's incidents, by creation.
    pub position: u32,
    /// Seconds since 1970.
    pub created_at: i64,
    /// Service position.
    pub service: usize,
    /// Which trouble it is.
    pub trouble: u8,
    /// Whether the urgency is high from the start.
    pub is_high: bool,
    /// Priority position.
    pub priority: Option<usize>,
    /// By time.
    pub entries: Vec<Entry>,
    /// By time.
    pub requests: Vec<Request>,
}

/// An incident as it stands at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IncidentState {
    pub(crate) status: &'static str,
    pub(crate) assigned: Vec<(usize, i64)>,
    pub(crate) acknowledged: Vec<(usize, i64)>,
    pub(crate) resolved_at: Option<i64>,
    pub(crate) changed_at: i64,
    pub(crate) changed_by: Agent,
    pub(crate) updated_at: i64,
    pub(crate) is_high: bool,
}

impl Incident {
    /// Its id under an account's key.
    pub(crate) fn id(&self, key: u64) -> String {
        place_id(key, PlaceKind::Incident, self.place(0))
    }

    /// The id of one of its entries.
    pub(crate) fn entry_id(&self, key: u64, entry: usize) -> String {
        place_id(key, PlaceKind::LogEntry, self.place(entry))
    }

    /// The id of one of its responder requests.
    pub(crate) fn request_id(&self, key: u64, request: usize) -> String {
        place_id(key, PlaceKind::Request, self.place(request))
    }

    fn place(&self, entry: usize) -> Place {
        Place {
            day: self.day,
            incident: self.position,
            entry: entry as u16,
        }
    }

    /// What it looks like, given everything up to and including that instant.
    pub(crate) fn state_at(&self, instant: i64) -> IncidentState {
        let mut state = IncidentState {
            status: "triggered",
            assigned: Vec::new(),
            acknowledged: Vec::new(),
            resolved_at: None,
            changed_at: self.created_at,
            changed_by: Agent::Service,
            updated_at: self.created_at,
            is_high: self.is_high,
        };
        let mut past: Vec<&Entry> = self
            .entries
            .iter()
            .filter(|entry| entry.at <= instant)
            .collect();
        past.sort_by_key(|entry| entry.at);
        for entry in past {
            state.advance(entry);
        }
        let answers = self.requests.iter().flat_map(|request| &request.invitees);
        for invitee in answers {
            if let Answer::Joined(at) | Answer::Declined(at) = invitee.answer
                && at <= instant
            {
                state.updated_at = state.updated_at.max(at);
            }
        }
        state
    }
}

impl IncidentState {
    fn advance(&mut self, entry: &Entry) {
        self.updated_at = entry.at;
        let mut status = None;
        match (entry.what, entry.agent) {
            (What::Trigger, agent) => self.changed_by = agent,
            (What::Assign | What::Delegate | What::Escalate, _) => {
                self.assigned = entry.to.map(|user| (user, entry.at)).into_iter().collect();
                self.acknowledged.clear();
                status = Some("triggered");
            }
            (What::Acknowledge, Agent::User(user)) => {
                self.acknowledged = vec![(user, entry.at)];
                status = Some("acknowledged");
            }
            (What::Unacknowledge, _) => {
                self.acknowledged.clear();
                status = Some("triggered");
            }
            (What::UrgencyChange, _) => self.is_high = !self.is_high,
            (What::Resolve, _) => {
                self.assigned.clear();
                self.acknowledged.clear();
                self.resolved_at = Some(entry.at);
                status = Some("resolved");
            }
            _ => {}
        }
        if let Some(status) = status.filter(|status| *status != self.status) {
            self.status = status;
            self.changed_at = entry.at;
            self.changed_by = entry.agent;
        }
    }
}
