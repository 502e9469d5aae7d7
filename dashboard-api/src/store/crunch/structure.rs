//! Policies, schedules, teams, open incidents and on-call assignments.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde::Deserialize;
use uuid::Uuid;

use super::{Result, Tx};
use crate::{
    crunch::Facts,
    duty::{Assignment, Interval},
    structure::{OpenIncident, Policy, Schedule, Structure, Target, Team},
    window::{AHEAD_DAYS, HORIZON_DAYS, days_from},
};

pub(super) async fn structure(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Structure> {
    Ok(Structure {
        policies: policies(tx, org, connection).await?,
        schedules: schedules(tx, org, connection).await?,
        teams: teams(tx, org, connection).await?,
        open_incidents: open_incidents(tx, org, connection).await?,
    })
}

#[derive(Deserialize)]
struct StoredRule {
    targets: Vec<StoredTarget>,
}

#[derive(Deserialize)]
struct StoredTarget {
    id: String,
    #[serde(rename = "type")]
    kind: String,
}

impl StoredTarget {
    fn target(self) -> Target {
        if matches!(self.kind.as_str(), "user_reference" | "user") {
            Target::User(self.id)
        } else {
            Target::Schedule(self.id)
        }
    }
}

async fn policies(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Vec<Policy>> {
    let rows = sqlx::query!(
        "select id, name, team_ids, rules from escalation_policies
         where org_id = $1 and connection_id = $2 and deleted_at is null order by id",
        org.0,
        connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let policies = rows.into_iter().map(|row| {
        let rules: Vec<StoredRule> = serde_json::from_value(row.rules)?;
        let level = |rule: StoredRule| rule.targets.into_iter().map(StoredTarget::target).collect();
        Ok(Policy {
            id: row.id,
            name: row.name,
            team_ids: row.team_ids,
            levels: rules.into_iter().map(level).collect(),
        })
    });
    policies.collect()
}

#[derive(Deserialize)]
struct StoredShift {
    user_id: String,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

async fn schedules(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Vec<Schedule>> {
    let rows = sqlx::query!(
        "select id, name, shifts from schedules
         where org_id = $1 and connection_id = $2 and deleted_at is null order by id",
        org.0,
        connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let schedules = rows.into_iter().map(|row| {
        let shifts: Vec<StoredShift> = serde_json::from_value(row.shifts)?;
        let shifts = shifts.into_iter();
        Ok(Schedule {
            id: row.id,
            name: row.name,
            shifts: shifts
                .filter(|shift| !shift.user_id.is_empty())
                .map(|shift| (shift.user_id, Interval::new(shift.start, shift.end)))
                .collect(),
        })
    });
    schedules.collect()
}

#[derive(Deserialize)]
struct StoredMember {
    user_id: String,
    role: String,
}

async fn teams(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Vec<Team>> {
    let rows = sqlx::query!(
        "select id, name, parent_id, members from teams
         where org_id = $1 and connection_id = $2 and deleted_at is null order by id",
        org.0,
        connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let teams = rows.into_iter().map(|row| {
        let members: Vec<StoredMember> = serde_json::from_value(row.members)?;
        let members = members.into_iter();
        Ok(Team {
            id: row.id,
            name: row.name,
            parent_id: row.parent_id,
            members: members.map(|one| (one.user_id, one.role)).collect(),
        })
    });
    teams.collect()
}

async fn open_incidents(tx: Tx<'_>, org: OrgId, connection: Uuid) -> Result<Vec<OpenIncident>> {
    let rows = sqlx::query!(
        "select id, assignee_ids from incidents
         where org_id = $1 and connection_id = $2 and status <> 'resolved'
             and cardinality(assignee_ids) > 0
         order by id",
        org.0,
        connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let incidents = rows.into_iter().map(|row| OpenIncident {
        id: row.id,
        assignees: row.assignee_ids,
    });
    Ok(incidents.collect())
}

/// On-call intervals that touch the time between the horizon and the standby horizon.
pub(super) async fn add_assignments(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let policies: HashMap<&str, usize> = facts
        .structure
        .policies
        .iter()
        .enumerate()
        .map(|(place, policy)| (policy.id.as_str(), place))
        .collect();
    let rows = sqlx::query!(
        r#"select user_id, escalation_policy_id, escalation_level,
               nullif(starts_at, '-infinity') as "starts_at",
               nullif(ends_at, 'infinity') as "ends_at"
           from oncalls
           where org_id = $1 and connection_id = $2 and deleted_at is null
               and starts_at < $3 and (ends_at is null or ends_at > $4)"#,
        org.0,
        facts.connection,
        days_from(facts.t, AHEAD_DAYS).to_sqlx() as _,
        days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut assignments: HashMap<String, Vec<Assignment>> = HashMap::new();
    for row in rows {
        let start = row.starts_at.map(jiff_sqlx::Timestamp::to_jiff);
        let end = row.ends_at.map(jiff_sqlx::Timestamp::to_jiff);
        let assignment = Assignment {
            level: row.escalation_level,
            policy: policies.get(row.escalation_policy_id.as_str()).copied(),
            interval: Interval::new(start, end),
        };
        assignments.entry(row.user_id).or_default().push(assignment);
    }
    facts.assignments = assignments;
    Ok(())
}
