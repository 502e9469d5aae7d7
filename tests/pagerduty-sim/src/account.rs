//! The customer accounts the simulator plays: who they are, where they live, what their plan allows.
//!
//! The content of an account (users, incidents, …) is its `World`; tokens and grants belong to `identity`.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use crate::world::World;

/// PagerDuty's service region. A token works only on the API host of its own region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// `https://api.pagerduty.com`; here the root of the listener.
    Us,
    /// `https://api.eu.pagerduty.com`; here `/eu`.
    Eu,
}

impl Region {
    /// What the `region` claim of an `id_token` says.
    pub fn claim(self) -> &'static str {
        match self {
            Self::Us => "UnitedStates",
            Self::Eu => "Europe",
        }
    }

    /// The two letters used in tokens and in `as_account-us.acme`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Eu => "eu",
        }
    }

    /// The path below the listener's root where this region's API is served.
    pub fn path_prefix(self) -> &'static str {
        match self {
            Self::Us => "",
            Self::Eu => "/eu",
        }
    }
}

/// The person who consents for the account. Its role can be changed while the simulator runs.
#[derive(Debug)]
pub struct AdminUser {
    /// The id of a user of the account's world.
    pub user_id: String,
    /// The address used on the sign-in page, `admin@{subdomain}.example`.
    pub email: String,
    role: RwLock<String>,
    deleted: std::sync::atomic::AtomicBool,
}

impl AdminUser {
    /// An administrator with PagerDuty's role `admin`.
    pub fn new(user_id: String, email: String) -> Self {
        Self {
            user_id,
            email,
            role: RwLock::new("admin".to_owned()),
            deleted: false.into(),
        }
    }

    /// The present PagerDuty role, for example `admin` or `observer`.
    pub fn role(&self) -> String {
        self.role
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Whether the user was deleted: signs in no more, and their tokens are dead.
    pub fn is_deleted(&self) -> bool {
        self.deleted.load(std::sync::atomic::Ordering::SeqCst)
    }

    /// Deletes the user, or takes that back.
    pub fn set_deleted(&self, deleted: bool) {
        self.deleted
            .store(deleted, std::sync::atomic::Ordering::SeqCst);
    }

    /// Promotes or demotes the consenting user; tokens already issued feel it at once.
    pub fn set_role(&self, role: &str) {
        role.clone_into(&mut self.role.write().unwrap_or_else(PoisonError::into_inner));
    }
}

/// One PagerDuty account.
#[derive(Debug)]
pub struct Account {
    /// PagerDuty's account id, the `account_id` claim, for example `PACME01`.
    pub id: String,
    /// The first label of `acme.pagerduty.com`; also the name used by `/sim/*`.
    pub subdomain: String,
    /// Where the account lives.
    pub region: Region,
    /// What the plan allows (`GET /abilities`).
    pub abilities: RwLock<BTreeSet<String>>,
    /// The content of the account.
    pub world: Arc<World>,
    /// Who consents.
    pub admin: AdminUser,
}

impl Account {
    /// Whether the plan has this ability.
    pub fn has_ability(&self, ability: &str) -> bool {
        self.abilities
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(ability)
    }

    /// A copy of the plan's abilities.
    pub fn abilities(&self) -> BTreeSet<String> {
        self.abilities
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the plan's abilities.
    pub fn set_abilities(&self, abilities: BTreeSet<String>) {
        *self
            .abilities
            .write()
            .unwrap_or_else(PoisonError::into_inner) = abilities;
    }

    /// What an account with the full plan can do.
    pub fn every_ability() -> BTreeSet<String> {
        [
            "advanced_permissions",
            "analytics",
            "audit_trail",
            "automation_actions",
            "business_services",
            "coordinated_responding",
            "custom_fields",
            "custom_priorities",
            "event_intelligence",
            "event_orchestrations",
            "incident_workflows",
            "manage_schedules",
            "oauth_delegations",
            "pagerduty_advance",
            "permissions_service",
            "preview_incident_alert_split",
            "read_only_users",
            "service_support_hours",
            "sso",
            "stakeholder_subscriptions",
            "status_pages",
            "team_responders",
            "teams",
            "urgencies",
        ]
        .into_iter()
        .map(str::to_owned)
        .collect()
    }
}
