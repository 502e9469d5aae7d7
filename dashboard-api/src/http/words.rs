//! The fixed words of the API: every state, class, kind and verdict that an answer can name, as an
//! enum, so that the description lists them and a client can match on them.

use proto::{
    auth::v1::{AccessKind, ConnectionState, InvitationState, Region, Role},
    facts::v1::Completeness,
    ingest::v1::{RunState, WebhookState},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A closed list of words.
pub(super) trait Word: Copy + PartialEq + 'static {
    const ALL: &'static [Self];

    fn name(self) -> &'static str;

    fn from_name(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|word| word.name() == text)
    }

    /// All of them, for the message that refuses another.
    fn list() -> String {
        let names: Vec<_> = Self::ALL.iter().map(|word| word.name()).collect();
        names.join(", ")
    }
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($variant:ident = $text:tt),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        pub(super) enum $name {
            $(#[serde(rename = $text)] $variant,)+
        }

        impl Word for $name {
            const ALL: &'static [Self] = &[$(Self::$variant),+];

            fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }
    )+};
}

words! {
    /// The class of a seat.
    ClassName {
        Exempt = "exempt", Active = "active", Viewer = "viewer", Pending = "pending", New = "new",
        Unknown = "unknown", Standby = "standby", Idle = "idle", Never = "never",
    }
    VerdictName {
        Used = "used", Unused = "unused", Unknown = "unknown", NotEligible = "not_eligible",
    }
    AreaName {
        Access = "access", OnCall = "on-call", Response = "response",
        Communication = "communication", Channel = "channel", Configuration = "configuration",
        Automation = "automation", Account = "account",
    }
    /// What a use belongs to.
    GranularityName { User = "user", Account = "account", Team = "team", Service = "service" }
    DatasetStateName {
        Complete = "complete", Partial = "partial", Forbidden = "forbidden",
        NotInPlan = "not_in_plan", Pending = "pending",
    }
    /// Whether a dataset can be read.
    CapabilityAccess {
        Readable = "readable", Forbidden = "forbidden", NotInPlan = "not_in_plan",
        Unknown = "unknown",
    }
    RoleName { Owner = "owner", Admin = "admin", Analyst = "analyst", Viewer = "viewer" }
    ConnectionStateName {
        Connected = "connected", Reconnect = "reconnect", Disconnected = "disconnected",
    }
    RegionName { Us = "us", Eu = "eu" }
    /// How access was given.
    AccessKindName { Classic = "classic", Scoped = "scoped", App = "app", ApiKey = "api_key" }
    /// What will end the access unless a person acts.
    WarningKind {
        IdleLimit = "idle_limit", RollingWindow = "rolling_window",
        ConsenterGone = "consenter_gone", ConsenterDemoted = "consenter_demoted", Other = "other",
    }
    RunStateName {
        Queued = "queued", Running = "running", Succeeded = "succeeded", Failed = "failed",
        Paused = "paused", Cancelled = "cancelled",
    }
    WebhookStateName {
        Off = "off", Waiting = "waiting", Receiving = "receiving", Silent = "silent",
    }
    InvitationStateName {
        Open = "open", Accepted = "accepted", Connected = "connected", Revoked = "revoked",
        Expired = "expired",
    }
    RecommendationKind {
        Reclaim = "reclaim", Downgrade = "downgrade", Review = "review", Addon = "addon",
        Ghost = "ghost",
    }
    RecommendationState {
        Open = "open", Accepted = "accepted", Done = "done", Dismissed = "dismissed",
        Snoozed = "snoozed",
    }
    /// What a person may turn a recommendation to; `done` comes from a later synchronization.
    StateAsked {
        Open = "open", Accepted = "accepted", Dismissed = "dismissed", Snoozed = "snoozed",
    }
    Confidence { High = "high", Medium = "medium" }
    /// When the saving can be had.
    Realizable { Now = "now", Renewal = "renewal" }
    BlockerId {
        SoleTarget = "sole_target", OnSchedule = "on_schedule", OpenIncident = "open_incident",
        SoleManager = "sole_manager",
    }
    /// What a price is paid for.
    Per { Month = "month", Year = "year" }
    PrivacyMode { Named = "named", Pseudonymous = "pseudonymous", TeamOnly = "team_only" }
    NotificationKind {
        Digest = "digest", SeatsRunningOut = "seats_running_out", Renewal = "renewal",
        DatasetLate = "dataset_late", AccessEnding = "access_ending", AccessEnded = "access_ended",
    }
    Grain { Day = "day", Week = "week", Month = "month" }
    MatrixBy { Team = "team", Month = "month", License = "license" }
    /// The audit records as the organization may accept not to see them.
    BlindSpot { AuditRecords = "audit_records" }
    /// A step of the first run.
    ChecklistStep {
        Connected = "connected", Synchronized = "synchronized", Prices = "prices",
        Contract = "contract", Recommendations = "recommendations", Notifications = "notifications",
    }
    SavedPage {
        Overview = "overview", Licenses = "licenses", Users = "users", Features = "features",
        Teams = "teams", OncallLoad = "oncall-load", Recommendations = "recommendations",
    }
}

impl From<Role> for RoleName {
    fn from(role: Role) -> Self {
        match role {
            Role::Owner => Self::Owner,
            Role::Admin => Self::Admin,
            Role::Analyst => Self::Analyst,
            Role::Viewer | Role::Unspecified => Self::Viewer,
        }
    }
}

impl From<RoleName> for Role {
    fn from(role: RoleName) -> Self {
        match role {
            RoleName::Owner => Self::Owner,
            RoleName::Admin => Self::Admin,
            RoleName::Analyst => Self::Analyst,
            RoleName::Viewer => Self::Viewer,
        }
    }
}

impl From<ConnectionState> for ConnectionStateName {
    fn from(state: ConnectionState) -> Self {
        match state {
            ConnectionState::Connected => Self::Connected,
            ConnectionState::Unspecified | ConnectionState::Reconnect => Self::Reconnect,
            ConnectionState::Disconnected => Self::Disconnected,
        }
    }
}

impl From<Region> for RegionName {
    fn from(region: Region) -> Self {
        match region {
            Region::Eu => Self::Eu,
            Region::Unspecified | Region::Us => Self::Us,
        }
    }
}

impl From<RegionName> for Region {
    fn from(region: RegionName) -> Self {
        match region {
            RegionName::Eu => Self::Eu,
            RegionName::Us => Self::Us,
        }
    }
}

impl From<AccessKind> for AccessKindName {
    fn from(kind: AccessKind) -> Self {
        match kind {
            AccessKind::Unspecified | AccessKind::Classic => Self::Classic,
            AccessKind::Scoped => Self::Scoped,
            AccessKind::App => Self::App,
            AccessKind::ApiKey => Self::ApiKey,
        }
    }
}

impl From<RunState> for RunStateName {
    fn from(state: RunState) -> Self {
        match state {
            RunState::Unspecified | RunState::Queued => Self::Queued,
            RunState::Running => Self::Running,
            RunState::Succeeded => Self::Succeeded,
            RunState::Failed => Self::Failed,
            RunState::Paused => Self::Paused,
            RunState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<WebhookState> for WebhookStateName {
    fn from(state: WebhookState) -> Self {
        match state {
            WebhookState::Unspecified | WebhookState::Off => Self::Off,
            WebhookState::Waiting => Self::Waiting,
            WebhookState::Receiving => Self::Receiving,
            WebhookState::Silent => Self::Silent,
        }
    }
}

impl From<InvitationState> for InvitationStateName {
    fn from(state: InvitationState) -> Self {
        match state {
            InvitationState::Unspecified | InvitationState::Open => Self::Open,
            InvitationState::Accepted => Self::Accepted,
            InvitationState::Connected => Self::Connected,
            InvitationState::Revoked => Self::Revoked,
            InvitationState::Expired => Self::Expired,
        }
    }
}

impl From<Completeness> for DatasetStateName {
    fn from(completeness: Completeness) -> Self {
        match completeness {
            Completeness::Complete => Self::Complete,
            Completeness::Partial => Self::Partial,
            Completeness::Forbidden => Self::Forbidden,
            Completeness::NotInPlan => Self::NotInPlan,
            Completeness::Unspecified | Completeness::Pending => Self::Pending,
        }
    }
}

impl From<Completeness> for CapabilityAccess {
    fn from(completeness: Completeness) -> Self {
        match completeness {
            Completeness::Complete | Completeness::Partial => Self::Readable,
            Completeness::Forbidden => Self::Forbidden,
            Completeness::NotInPlan => Self::NotInPlan,
            Completeness::Unspecified | Completeness::Pending => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_reads_as_it_is_written() {
        for class in ClassName::ALL {
            assert_eq!(ClassName::from_name(class.name()), Some(*class));
            assert_eq!(
                serde_json::to_value(class).expect("serializes"),
                class.name()
            );
        }
        assert_eq!(MatrixBy::list(), "team, month, license");
    }
}
