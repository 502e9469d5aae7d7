//! Upserts of the snapshot datasets. They are small, so one JSON document carries the batch.

use proto::{
    OrgId,
    facts::v1::{
        EscalationPolicy, License, LicenseAllocation, Schedule, ScheduleKind, Service, Team, User,
        UserAnalytic, envelope::Payload,
    },
};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};

use super::{Result, facts::Newest};
use crate::message::{FactsMessage, optional};

type Tx<'a, 'c> = &'a mut Transaction<'c, Postgres>;

/// The newest versions of the batch's records of one dataset as a document; `None` without any.
macro_rules! gathered {
    ($messages:expr, $dataset:ident, $key:ident, $describe:expr) => {{
        let mut newest = Newest::new();
        for message in $messages {
            if let Payload::$dataset(page) = &message.payload {
                for record in &page.records {
                    newest.add(message, record.$key.as_str(), record);
                }
            }
        }
        (!newest.is_empty()).then(|| newest.document(|record| $describe(record)))
    }};
}

pub(super) async fn upsert_all(
    tx: Tx<'_, '_>,
    org: OrgId,
    messages: &[&FactsMessage],
) -> Result<()> {
    if let Some(rows) = gathered!(messages, Users, id, user) {
        upsert_users(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, Licenses, id, license) {
        upsert_licenses(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, LicenseAllocations, user_id, allocation) {
        upsert_allocations(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, Teams, id, team) {
        upsert_teams(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, Services, id, service) {
        upsert_services(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, EscalationPolicies, id, policy) {
        upsert_policies(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, Schedules, id, schedule) {
        upsert_schedules(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, UserAnalytics, user_id, analytic) {
        upsert_analytics(tx, org, rows).await?;
    }
    Ok(())
}

fn user(user: &User) -> Value {
    json!({
        "id": user.id,
        "name": user.name,
        "email": user.email,
        "role": user.role,
        "time_zone": user.time_zone,
        "job_title": user.job_title,
        "invitation_sent": user.invitation_sent,
        "created_via_sso": user.created_via_sso,
        "team_ids": user.team_ids,
        "contact_method_types": user.contact_method_types,
    })
}

async fn upsert_users(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into users (org_id, connection_id, id, name, email, role, time_zone, job_title,
             invitation_sent, created_via_sso, team_ids, contact_method_types, first_seen_at,
             observed_at)
         select $1, connection_id, id, case when e.user_id is null then name else '' end,
             case when e.user_id is null then email else '' end, role, time_zone,
             case when e.user_id is null then job_title else '' end, invitation_sent,
             created_via_sso, team_ids, contact_method_types, observed_at, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, name text, email text,
             role text, time_zone text, job_title text, invitation_sent boolean,
             created_via_sso boolean, team_ids text[], contact_method_types text[],
             observed_at timestamptz)
         left join erased_people e on e.org_id = $1 and e.user_id = r.id
         on conflict (org_id, connection_id, id) do update set
             name = excluded.name, email = excluded.email, role = excluded.role,
             time_zone = excluded.time_zone, job_title = excluded.job_title,
             invitation_sent = excluded.invitation_sent,
             created_via_sso = excluded.created_via_sso, team_ids = excluded.team_ids,
             contact_method_types = excluded.contact_method_types,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > users.observed_at",
        org.0,
        &rows,
    )
    .execute(&mut **tx)
    .await?;
    // An older version that comes late changes only when the user was first seen.
    sqlx::query!(
        "update users set first_seen_at = r.observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, observed_at timestamptz)
         where users.org_id = $1 and users.connection_id = r.connection_id and users.id = r.id
             and r.observed_at < users.first_seen_at",
        org.0,
        &rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn license(license: &License) -> Value {
    json!({
        "id": license.id,
        "name": license.name,
        "description": license.description,
        "role_group": license.role_group,
        "valid_roles": license.valid_roles,
        "current_value": license.current_value,
        "allocations_available": license.allocations_available,
    })
}

async fn upsert_licenses(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into licenses (org_id, connection_id, id, name, description, role_group,
             valid_roles, current_value, allocations_available, observed_at)
         select $1, connection_id, id, name, description, role_group, valid_roles, current_value,
             allocations_available, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, name text,
             description text, role_group text, valid_roles text[], current_value bigint,
             allocations_available bigint, observed_at timestamptz)
         on conflict (org_id, connection_id, id) do update set
             name = excluded.name, description = excluded.description,
             role_group = excluded.role_group, valid_roles = excluded.valid_roles,
             current_value = excluded.current_value,
             allocations_available = excluded.allocations_available,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > licenses.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn allocation(allocation: &LicenseAllocation) -> Value {
    json!({
        "user_id": allocation.user_id,
        "license_id": allocation.license_id,
        "allocated_at": optional(allocation.allocated_at),
    })
}

async fn upsert_allocations(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into license_allocations (org_id, connection_id, user_id, license_id,
             allocated_at, observed_at)
         select $1, connection_id, user_id, license_id, allocated_at, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, user_id text, license_id text,
             allocated_at timestamptz, observed_at timestamptz)
         on conflict (org_id, connection_id, user_id) do update set
             license_id = excluded.license_id, allocated_at = excluded.allocated_at,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > license_allocations.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn team(team: &Team) -> Value {
    let members = team.members.iter();
    let members = members.map(|member| json!({"user_id": member.user_id, "role": member.role}));
    json!({
        "id": team.id,
        "name": team.name,
        "parent_id": team.parent_id,
        "members": members.collect::<Vec<_>>(),
    })
}

async fn upsert_teams(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into teams (org_id, connection_id, id, name, parent_id, members, observed_at)
         select $1, connection_id, id, name, parent_id, members, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, name text, parent_id text,
             members jsonb, observed_at timestamptz)
         on conflict (org_id, connection_id, id) do update set
             name = excluded.name, parent_id = excluded.parent_id, members = excluded.members,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > teams.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn service(service: &Service) -> Value {
    json!({
        "id": service.id,
        "name": service.name,
        "status": service.status,
        "escalation_policy_id": service.escalation_policy_id,
        "team_ids": service.team_ids,
        "created_at": optional(service.created_at),
        "last_incident_at": optional(service.last_incident_at),
    })
}

async fn upsert_services(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into services (org_id, connection_id, id, name, status, escalation_policy_id,
             team_ids, created_at, last_incident_at, observed_at)
         select $1, connection_id, id, name, status, escalation_policy_id, team_ids, created_at,
             last_incident_at, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, name text, status text,
             escalation_policy_id text, team_ids text[], created_at timestamptz,
             last_incident_at timestamptz, observed_at timestamptz)
         on conflict (org_id, connection_id, id) do update set
             name = excluded.name, status = excluded.status,
             escalation_policy_id = excluded.escalation_policy_id, team_ids = excluded.team_ids,
             created_at = excluded.created_at, last_incident_at = excluded.last_incident_at,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > services.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn policy(policy: &EscalationPolicy) -> Value {
    let rules = policy.rules.iter().map(|rule| {
        let targets = rule.targets.iter();
        let targets = targets.map(|target| json!({"id": target.id, "type": target.r#type}));
        json!({"targets": targets.collect::<Vec<_>>()})
    });
    json!({
        "id": policy.id,
        "name": policy.name,
        "team_ids": policy.team_ids,
        "service_ids": policy.service_ids,
        "rules": rules.collect::<Vec<_>>(),
    })
}

async fn upsert_policies(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into escalation_policies (org_id, connection_id, id, name, team_ids, service_ids,
             rules, observed_at)
         select $1, connection_id, id, name, team_ids, service_ids, rules, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, name text,
             team_ids text[], service_ids text[], rules jsonb, observed_at timestamptz)
         on conflict (org_id, connection_id, id) do update set
             name = excluded.name, team_ids = excluded.team_ids,
             service_ids = excluded.service_ids, rules = excluded.rules,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > escalation_policies.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn schedule(schedule: &Schedule) -> Value {
    let shifts = schedule.shifts.iter().map(|shift| {
        json!({
            "user_id": shift.user_id,
            "start": optional(shift.start),
            "end": optional(shift.end),
        })
    });
    let kind = match schedule.kind() {
        ScheduleKind::Unspecified => "",
        ScheduleKind::Layers => "layers",
        ScheduleKind::Shifts => "shifts",
    };
    json!({
        "id": schedule.id,
        "name": schedule.name,
        "kind": kind,
        "team_ids": schedule.team_ids,
        "escalation_policy_ids": schedule.escalation_policy_ids,
        "shifts": shifts.collect::<Vec<_>>(),
    })
}

async fn upsert_schedules(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into schedules (org_id, connection_id, id, name, kind, team_ids,
             escalation_policy_ids, shifts, observed_at)
         select $1, connection_id, id, name, kind, team_ids, escalation_policy_ids, shifts,
             observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, name text, kind text,
             team_ids text[], escalation_policy_ids text[], shifts jsonb,
             observed_at timestamptz)
         on conflict (org_id, connection_id, id) do update set
             name = excluded.name, kind = excluded.kind, team_ids = excluded.team_ids,
             escalation_policy_ids = excluded.escalation_policy_ids, shifts = excluded.shifts,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > schedules.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn analytic(analytic: &UserAnalytic) -> Value {
    json!({
        "user_id": analytic.user_id,
        "created_at": optional(analytic.created_at),
        "last_sign_in_at": optional(analytic.last_sign_in_at),
        "downloaded_mobile_app": analytic.downloaded_mobile_app,
        "on_schedule": analytic.on_schedule,
        "on_escalation_policy": analytic.on_escalation_policy,
        "channel_types_configured": analytic.channel_types_configured,
    })
}

async fn upsert_analytics(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into user_analytics (org_id, connection_id, user_id, created_at, last_sign_in_at,
             downloaded_mobile_app, on_schedule, on_escalation_policy, channel_types_configured,
             observed_at)
         select $1, connection_id, user_id, created_at, last_sign_in_at, downloaded_mobile_app,
             on_schedule, on_escalation_policy, channel_types_configured, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, user_id text,
             created_at timestamptz, last_sign_in_at timestamptz, downloaded_mobile_app boolean,
             on_schedule boolean, on_escalation_policy boolean, channel_types_configured text[],
             observed_at timestamptz)
         on conflict (org_id, connection_id, user_id) do update set
             created_at = excluded.created_at, last_sign_in_at = excluded.last_sign_in_at,
             downloaded_mobile_app = excluded.downloaded_mobile_app,
             on_schedule = excluded.on_schedule,
             on_escalation_policy = excluded.on_escalation_policy,
             channel_types_configured = excluded.channel_types_configured,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > user_analytics.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
