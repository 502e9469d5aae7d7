//! The feature catalogue: what counts as use of what, who may use it, and which datasets can show
//! it. One table; a rule that changes re-derives history from the stored facts.

pub mod addons;
mod raw;
pub mod sleep;

pub use self::raw::{
    ACKNOWLEDGE, NOTIFIED, NOTIFY, PERSON_AGENT, WOKEN, action_of, action_of_feature, action_types,
    activity_feature, activity_rules, channel_of, log_rules, provisional_of,
};

/// Version of all rules; answers, recommendations and evidence name it.
pub const RULES: i32 = 2;

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
    /// `user`: whose use it is.
    pub granularity: &'static str,
    /// Names of the datasets that can show a use.
    pub datasets: &'static [&'static str],
    /// Whether a stakeholder seat may use it; full users may use everything.
    pub for_stakeholders: bool,
    /// Something a seat has rather than does; never a use and no action.
    pub is_presence: bool,
}

impl Feature {
    /// Actions decide about the class `active`.
    pub fn is_action(&self) -> bool {
        !self.is_presence
            && matches!(
                self.area,
                Area::Response | Area::Communication | Area::Configuration | Area::Automation
            )
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
pub const MAINTENANCE: &str = "maintenance";
pub const CONFIG_CHANGE: &str = "config_change";
pub const WORKFLOW_RUN: &str = "workflow_run";
pub const AUTOMATION_RUN: &str = "automation_run";
pub const ORCHESTRATION_EDIT: &str = "orchestration_edit";
pub const STAKEHOLDER: &str = "stakeholder";
pub const STATUS_UPDATE: &str = "status_update";

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
        is_presence: false,
    }
}

const fn and_stakeholders(feature: Feature) -> Feature {
    Feature {
        for_stakeholders: true,
        ..feature
    }
}

/// Every feature, in the order in which pages list them.
pub const FEATURES: &[Feature] = &[
    and_stakeholders(user(
        SIGN_IN,
        "Signed in",
        Area::Access,
        "The last sign-in that PagerDuty's user analytics show, else the newest web or mobile \
         session.",
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
    user(
        MAINTENANCE,
        "Maintenance windows",
        Area::Configuration,
        "Created a maintenance window; counts at its start.",
        &["maintenance_windows"],
    ),
    user(
        CONFIG_CHANGE,
        "Configuration changes",
        Area::Configuration,
        "Is named as the actor of an audit record.",
        &["audit_records"],
    ),
    user(
        WORKFLOW_RUN,
        "Incident workflows started by hand",
        Area::Automation,
        "Started an incident workflow; only webhooks tell who.",
        &["webhooks"],
    ),
    user(
        AUTOMATION_RUN,
        "Automation actions run",
        Area::Automation,
        "Ran an automation action.",
        &["automation_actions", "automation_invocations"],
    ),
    user(
        ORCHESTRATION_EDIT,
        "Event orchestrations maintained",
        Area::Automation,
        "Created an event orchestration or was the last to change it.",
        &["event_orchestrations"],
    ),
    Feature {
        is_presence: true,
        ..and_stakeholders(user(
            STAKEHOLDER,
            "Stakeholder subscriptions",
            Area::Communication,
            "Holds a subscription to status updates. Shown, but never counted as use.",
            &["subscriptions"],
        ))
    },
];

/// A feature's place in the catalogue, which is its place in the lists of seats.
pub fn position(id: &str) -> Option<usize> {
    FEATURES.iter().position(|feature| feature.id == id)
}

/// The catalogue's own string for a feature or measure.
pub fn known(id: &str) -> Option<&'static str> {
    let measure = [NOTIFIED, WOKEN].into_iter().find(|known| *known == id);
    find(id).map(|feature| feature.id).or(measure)
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
