//! Users, licenses, allocations, teams, and what analytics knows of users.

use proto::facts::v1::{
    License, LicenseAllocation, Team, TeamMember, User, UserAnalytic, UserAnalytics,
    envelope::Payload,
};
use serde::Deserialize;

use super::{
    Malformed, Page, classic, decode, facts,
    value::{Flag, Instant, Integer, Many, One, Reference, Text, Words},
};

#[derive(Default, Deserialize)]
#[serde(default)]
struct UserRow {
    id: Text,
    name: Text,
    summary: Text,
    email: Text,
    role: Text,
    time_zone: Text,
    job_title: Text,
    invitation_sent: Flag,
    created_via_sso: Flag,
    teams: Many<Reference>,
    contact_methods: Many<Reference>,
}

impl UserRow {
    fn fact(self) -> Option<User> {
        let types = self.contact_methods.0.into_iter();
        Some(User {
            id: self.id.filled()?,
            name: self
                .name
                .filled()
                .unwrap_or_else(|| self.summary.or_empty()),
            email: self.email.or_empty(),
            role: self.role.or_empty(),
            time_zone: self.time_zone.or_empty(),
            job_title: self.job_title.or_empty(),
            invitation_sent: self.invitation_sent.0.unwrap_or(false),
            created_via_sso: self.created_via_sso.0.unwrap_or(false),
            team_ids: self.teams.ids(),
            contact_method_types: types.filter_map(|one| one.r#type.filled()).collect(),
        })
    }
}

classic!(
    /// `GET /users`.
    users, users: UserRow => Users
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct LicenseRow {
    id: Text,
    name: Text,
    description: Text,
    role_group: Text,
    valid_roles: Words,
    current_value: Integer,
    allocations_available: Integer,
}

impl LicenseRow {
    fn fact(self) -> Option<License> {
        Some(License {
            id: self.id.filled()?,
            name: self.name.or_empty(),
            description: self.description.or_empty(),
            role_group: self.role_group.or_empty(),
            valid_roles: self.valid_roles.0,
            current_value: self.current_value.0.unwrap_or(0),
            allocations_available: self.allocations_available.0,
        })
    }
}

classic!(
    /// `GET /licenses`.
    licenses, licenses: LicenseRow => Licenses
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct AllocationRow {
    user: One<Reference>,
    license: One<Reference>,
    allocated_at: Instant,
}

impl AllocationRow {
    fn fact(self) -> Option<LicenseAllocation> {
        Some(LicenseAllocation {
            user_id: self.user.id()?,
            license_id: self.license.id()?,
            allocated_at: self.allocated_at.proto(),
        })
    }
}

classic!(
    /// `GET /license_allocations`.
    allocations, license_allocations: AllocationRow => LicenseAllocations
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct TeamRow {
    id: Text,
    name: Text,
    summary: Text,
    parent: One<Reference>,
}

impl TeamRow {
    fn fact(self) -> Option<Team> {
        Some(Team {
            id: self.id.filled()?,
            name: self
                .name
                .filled()
                .unwrap_or_else(|| self.summary.or_empty()),
            parent_id: self.parent.id_or_empty(),
            members: Vec::new(),
        })
    }
}

classic!(
    /// `GET /teams`; the members are asked for one team at a time.
    teams, teams: TeamRow => Teams
);

#[derive(Default, Deserialize)]
#[serde(default)]
struct MemberRow {
    user: One<Reference>,
    role: Text,
}

#[derive(Deserialize)]
struct MembersAnswer {
    members: Vec<MemberRow>,
    #[serde(default)]
    more: Flag,
}

/// One page of `GET /teams/{id}/members`.
#[derive(Debug, Clone, PartialEq)]
pub struct Members {
    /// Those who can be told apart.
    pub members: Vec<TeamMember>,
    /// Records in the answer.
    pub rows: i64,
    /// Whether there are more.
    pub more: bool,
}

/// Reads one page of members.
pub fn members(body: &[u8]) -> Result<Members, Malformed> {
    let answer: MembersAnswer = decode(body)?;
    let rows = answer.members.len() as i64;
    let (members, _) = facts(answer.members, |row| {
        Some(TeamMember {
            user_id: row.user.id()?,
            role: row.role.or_empty(),
        })
    });
    Ok(Members {
        members,
        rows,
        more: answer.more.0.unwrap_or(false),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AnalyticsRow {
    id: Text,
    created_at: Instant,
    last_sign_in_at: Instant,
    downloaded_mobile_app: Flag,
    on_schedule: Flag,
    on_escalation_policy: Flag,
    channel_types_configured: Words,
}

#[derive(Deserialize)]
struct AnalyticsAnswer {
    data: Vec<AnalyticsRow>,
    #[serde(default)]
    more: Flag,
    #[serde(default)]
    last: Text,
}

/// `POST /analytics/raw/users`.
pub fn analytics(body: &[u8]) -> Result<Page, Malformed> {
    let answer: AnalyticsAnswer = decode(body)?;
    let rows = answer.data.len() as i64;
    let (records, unreadable) = facts(answer.data, |row| {
        Some(UserAnalytic {
            user_id: row.id.filled()?,
            created_at: row.created_at.proto(),
            last_sign_in_at: row.last_sign_in_at.proto(),
            downloaded_mobile_app: row.downloaded_mobile_app.0.unwrap_or(false),
            on_schedule: row.on_schedule.0.unwrap_or(false),
            on_escalation_policy: row.on_escalation_policy.0.unwrap_or(false),
            channel_types_configured: row.channel_types_configured.0,
        })
    });
    Ok(Page {
        payload: Payload::UserAnalytics(UserAnalytics { records }),
        rows,
        unreadable,
        more: answer.more.0,
        total: None,
        cursor: answer.last.filled(),
    })
}
