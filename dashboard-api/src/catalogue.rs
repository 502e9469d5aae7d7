//! The feature catalogue: what counts as use of what, who may use it, and which datasets can show
//! it. One table; a rule that changes re-derives history from the stored facts.

mod raw;

pub use self::raw::{PERSON_AGENT, action_of, action_types, channel_of};

/// What a feature is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    Access,
    OnCall,
    Response,
    Communication,
    Channel,
    Configuration,
    Automation,
    Account,
}

impl Area {
    pub fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::OnCall => "on-call",
            Self::Response => "response",
            Self::Communication => "communication",
            Self::Channel => "channel",
            Self::Configuration => "configuration",
            Self::Automation => "automation",
            Self::Account => "account",
        }
    }
}

/// One feature.
#[derive(Debug, Clone, Copy)]
pub struct Feature {
    pub id: &'static str,
    pub name: &'static str,
    pub area: Area,
    /// The evidence rule in words.
    pub definition: &'static str,
    /// `user` or `account`.
    pub granularity: &'static str,
    /// Names of the datasets that can show a use.
    pub datasets: &'static [&'static str],
    /// Whether a stakeholder seat may use it; full users may use everything.
    pub for_stakeholders: bool,
    /// Whether its datasets are collected in this version.
    pub collected: bool,
}

impl Feature {
    /// Actions decide about the class `active`.
    pub fn is_action(&self) -> bool {
        self.collected && matches!(self.area, Area::Response | Area::Communication)
    }

    /// Whether it is another view on uses that an action feature already counts.
    pub fn is_channel_view(&self) -> bool {
        self.area == Area::Channel || self.id == MOBILE_APP
    }
}

pub const SIGN_IN: &str = "signin";
pub const MOBILE_APP: &str = "mobile_app";
pub const ON_CALL: &str = "oncall";
pub const RESPONDER: &str = "responder";

const LOG: &[&str] = &["log_entries"];

const fn user(
    id: &'static str,
    name: &'static str,
    area: Area,
    definition: &'static str,
    datasets: &'static [&'static str],
) -> Feature {
    Feature {
        id,
        name,
        area,
        definition,
        granularity: "user",
        datasets,
        for_stakeholders: false,
        collected: true,
    }
}

const fn and_stakeholders(feature: Feature) -> Feature {
    Feature {
        for_stakeholders: true,
        ..feature
    }
}

const fn later(
    id: &'static str,
    name: &'static str,
    area: Area,
    datasets: &'static [&'static str],
) -> Feature {
    Feature {
        id,
        name,
        area,
        definition: "Not collected in this version.",
        granularity: if matches!(area, Area::Account) {
            "account"
        } else {
            "user"
        },
        datasets,
        for_stakeholders: false,
        collected: false,
    }
}

/// Every feature, in the order in which pages list them.
pub const FEATURES: &[Feature] = &[
    and_stakeholders(user(
        SIGN_IN,
        "Signed in",
        Area::Access,
        "The last sign-in that PagerDuty's user analytics show.",
        &["user_analytics"],
    )),
    and_stakeholders(user(
        MOBILE_APP,
        "Mobile app",
        Area::Access,
        "An action on an incident from the mobile app or a push notification.",
        LOG,
    )),
    user(
        ON_CALL,
        "On-call duty",
        Area::OnCall,
        "Time on call on any escalation policy and level; overlaps count once.",
        &["oncalls"],
    ),
    user(
        "ack",
        "Acknowledge",
        Area::Response,
        "Acknowledged an incident.",
        LOG,
    ),
    user(
        "resolve",
        "Resolve",
        Area::Response,
        "Resolved an incident by hand.",
        LOG,
    ),
    user(
        "reassign",
        "Reassign",
        Area::Response,
        "Assigned or delegated an incident to somebody.",
        LOG,
    ),
    user(
        "escalate",
        "Escalate by hand",
        Area::Response,
        "Escalated an incident to another level.",
        LOG,
    ),
    user(
        "snooze",
        "Snooze",
        Area::Response,
        "Snoozed an incident.",
        LOG,
    ),
    user(
        "priority",
        "Urgency, priority and fields",
        Area::Response,
        "Changed the urgency, priority or a field of an incident.",
        LOG,
    ),
    user(
        "note",
        "Notes",
        Area::Response,
        "Wrote a note on an incident.",
        LOG,
    ),
    user(
        "manual_incident",
        "Open an incident by hand",
        Area::Response,
        "Triggered an incident as a person.",
        LOG,
    ),
    and_stakeholders(user(
        RESPONDER,
        "Responder requests",
        Area::Response,
        "Asked for responders, or joined or declined when asked.",
        &["incidents"],
    )),
    and_stakeholders(user(
        "status_update",
        "Status updates",
        Area::Communication,
        "Sent a status update for an incident.",
        LOG,
    )),
    user(
        "phone",
        "Phone",
        Area::Channel,
        "Acted on an incident by phone.",
        LOG,
    ),
    user(
        "sms",
        "SMS",
        Area::Channel,
        "Acted on an incident by text message.",
        LOG,
    ),
    user(
        "email",
        "E-mail",
        Area::Channel,
        "Acted on an incident by e-mail.",
        LOG,
    ),
    user(
        "chat",
        "Chat",
        Area::Channel,
        "Acted on an incident from Slack or Microsoft Teams.",
        LOG,
    ),
    user(
        "web",
        "Web",
        Area::Channel,
        "Acted on an incident on the website.",
        LOG,
    ),
    user(
        "api",
        "API",
        Area::Channel,
        "Acted on an incident through the API.",
        LOG,
    ),
    later(
        "maintenance",
        "Maintenance windows",
        Area::Configuration,
        &["maintenance_windows"],
    ),
    later(
        "config_change",
        "Configuration changes",
        Area::Configuration,
        &["audit_records"],
    ),
    later(
        "workflow_run",
        "Incident workflows started by hand",
        Area::Automation,
        &["webhooks"],
    ),
    later(
        "automation_run",
        "Automation actions run",
        Area::Automation,
        &["automation_actions"],
    ),
    later(
        "orchestration_edit",
        "Event orchestrations maintained",
        Area::Automation,
        &["event_orchestrations"],
    ),
    later(
        "stakeholder",
        "Stakeholder subscriptions",
        Area::Communication,
        &["subscriptions"],
    ),
    later(
        "status_pages",
        "Status pages",
        Area::Account,
        &["status_pages"],
    ),
    later("aiops", "AIOps", Area::Account, &["abilities"]),
    later(
        "advance",
        "PagerDuty Advance",
        Area::Account,
        &["abilities"],
    ),
    later(
        "business_services",
        "Business services",
        Area::Account,
        &["business_services"],
    ),
    later(
        "workflows",
        "Incident workflows",
        Area::Account,
        &["incident_workflows"],
    ),
    later(
        "automation",
        "Automation",
        Area::Account,
        &["automation_actions"],
    ),
    later(
        "custom_fields",
        "Custom fields",
        Area::Account,
        &["custom_fields"],
    ),
];

/// The features that take part in verdicts.
pub fn collected() -> impl Iterator<Item = &'static Feature> {
    FEATURES.iter().filter(|feature| feature.collected)
}

pub fn find(id: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.id == id)
}

/// What a seat is allowed to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleGroup {
    FullUser,
    Stakeholder,
}

impl RoleGroup {
    /// By the allocated license, else by the role.
    pub fn of(license_role_group: Option<&str>, role: &str) -> Self {
        match license_role_group {
            Some("Stakeholder") => Self::Stakeholder,
            Some("FullUser") => Self::FullUser,
            _ if matches!(role, "read_only_user" | "read_only_limited_user") => Self::Stakeholder,
            _ => Self::FullUser,
        }
    }

    pub fn may_use(self, feature: &Feature) -> bool {
        self == Self::FullUser || feature.for_stakeholders
    }
}

#[cfg(test)]
mod tests;
