//! Upserts of what the account keeps besides people, and of PagerDuty's own analytics.

use proto::{
    OrgId,
    facts::v1::{AdvanceUse, IncidentAnalytic, Resource, ResponderAnalytic, envelope::Payload},
};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};

use super::{Result, facts::Newest};
use crate::message::{FactsMessage, optional};

type Tx<'a, 'c> = &'a mut Transaction<'c, Postgres>;

/// The newest versions of the batch's records of one payload as a document; `None` without any.
macro_rules! gathered {
    ($messages:expr, $payload:ident, $key:expr, $describe:expr) => {{
        let mut newest = Newest::new();
        for message in $messages {
            if let Payload::$payload(page) = &message.payload {
                for record in &page.records {
                    newest.add(message, $key(*message, record), (*message, record));
                }
            }
        }
        (!newest.is_empty())
            .then(|| newest.document(|(message, record)| $describe(*message, *record)))
    }};
}

pub(super) async fn upsert_all(
    tx: Tx<'_, '_>,
    org: OrgId,
    messages: &[&FactsMessage],
) -> Result<()> {
    if let Some(rows) = gathered!(messages, Resources, resource_key, resource) {
        upsert_resources(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, ResponderAnalytics, responder_key, responder) {
        upsert_responder_analytics(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, IncidentAnalytics, incident_key, incident) {
        upsert_incident_analytics(tx, org, rows).await?;
    }
    if let Some(rows) = gathered!(messages, AdvanceUsage, advance_key, advance) {
        upsert_advance_usage(tx, org, rows).await?;
    }
    Ok(())
}

fn resource_key<'a>(
    message: &FactsMessage,
    record: &'a Resource,
) -> (&'static str, &'a str, &'a str) {
    (message.dataset.name(), &record.r#type, &record.id)
}

fn resource(message: &FactsMessage, resource: &Resource) -> Value {
    json!({
        "dataset": message.dataset.name(),
        "type": resource.r#type,
        "id": resource.id,
        "name": resource.name,
        "status": resource.status,
        "enabled": resource.enabled,
        "parent_id": resource.parent_id,
        "owner_id": resource.owner_id,
        "created_at": optional(resource.created_at),
        "created_by_id": resource.created_by_id,
        "updated_at": optional(resource.updated_at),
        "updated_by_id": resource.updated_by_id,
        "starts_at": optional(resource.starts_at),
        "ends_at": optional(resource.ends_at),
        "last_used_at": optional(resource.last_used_at),
        "last_used_by_id": resource.last_used_by_id,
        "team_ids": resource.team_ids,
        "service_ids": resource.service_ids,
    })
}

async fn upsert_resources(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into resources (org_id, connection_id, dataset, type, id, name, status, enabled,
             parent_id, owner_id, created_at, created_by_id, updated_at, updated_by_id, starts_at,
             ends_at, last_used_at, last_used_by_id, team_ids, service_ids, observed_at)
         select $1, connection_id, dataset, type, id, name, status, enabled, parent_id, owner_id,
             created_at, created_by_id, updated_at, updated_by_id, starts_at, ends_at,
             last_used_at, last_used_by_id, team_ids, service_ids, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, dataset text, type text, id text,
             name text, status text, enabled boolean, parent_id text, owner_id text,
             created_at timestamptz, created_by_id text, updated_at timestamptz,
             updated_by_id text, starts_at timestamptz, ends_at timestamptz,
             last_used_at timestamptz, last_used_by_id text, team_ids text[],
             service_ids text[], observed_at timestamptz)
         on conflict (org_id, connection_id, dataset, type, id) do update set
             name = excluded.name, status = excluded.status, enabled = excluded.enabled,
             parent_id = excluded.parent_id, owner_id = excluded.owner_id,
             created_at = excluded.created_at, created_by_id = excluded.created_by_id,
             updated_at = excluded.updated_at, updated_by_id = excluded.updated_by_id,
             starts_at = excluded.starts_at, ends_at = excluded.ends_at,
             last_used_at = excluded.last_used_at, last_used_by_id = excluded.last_used_by_id,
             team_ids = excluded.team_ids, service_ids = excluded.service_ids,
             observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > resources.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn responder_key<'a>(
    _: &FactsMessage,
    record: &'a ResponderAnalytic,
) -> (Option<jiff::Timestamp>, &'a str, &'a str) {
    (optional(record.from), &record.user_id, &record.team_id)
}

fn responder(_: &FactsMessage, one: &ResponderAnalytic) -> Value {
    json!({
        "user_id": one.user_id,
        "team_id": one.team_id,
        "starts_at": optional(one.from),
        "ends_at": optional(one.to),
        "incidents": one.incidents,
        "incidents_acknowledged": one.incidents_acknowledged,
        "mean_seconds_to_acknowledge": one.mean_seconds_to_acknowledge,
        "engaged_seconds": one.engaged_seconds,
        "notifications": one.notifications,
        "interruptions": one.interruptions,
        "business_hour_interruptions": one.business_hour_interruptions,
        "off_hour_interruptions": one.off_hour_interruptions,
        "sleep_hour_interruptions": one.sleep_hour_interruptions,
        "seconds_on_call": one.seconds_on_call,
    })
}

async fn upsert_responder_analytics(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into responder_analytics (org_id, connection_id, user_id, team_id, starts_at,
             ends_at, incidents, incidents_acknowledged, mean_seconds_to_acknowledge,
             engaged_seconds, notifications, interruptions, business_hour_interruptions,
             off_hour_interruptions, sleep_hour_interruptions, seconds_on_call, observed_at)
         select $1, connection_id, user_id, team_id, starts_at, ends_at, incidents,
             incidents_acknowledged, mean_seconds_to_acknowledge, engaged_seconds, notifications,
             interruptions, business_hour_interruptions, off_hour_interruptions,
             sleep_hour_interruptions, seconds_on_call, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, user_id text, team_id text,
             starts_at timestamptz, ends_at timestamptz, incidents bigint,
             incidents_acknowledged bigint, mean_seconds_to_acknowledge bigint,
             engaged_seconds bigint, notifications bigint, interruptions bigint,
             business_hour_interruptions bigint, off_hour_interruptions bigint,
             sleep_hour_interruptions bigint, seconds_on_call bigint, observed_at timestamptz)
         where starts_at is not null
         on conflict (org_id, connection_id, starts_at, user_id, team_id) do update set
             ends_at = excluded.ends_at, incidents = excluded.incidents,
             incidents_acknowledged = excluded.incidents_acknowledged,
             mean_seconds_to_acknowledge = excluded.mean_seconds_to_acknowledge,
             engaged_seconds = excluded.engaged_seconds, notifications = excluded.notifications,
             interruptions = excluded.interruptions,
             business_hour_interruptions = excluded.business_hour_interruptions,
             off_hour_interruptions = excluded.off_hour_interruptions,
             sleep_hour_interruptions = excluded.sleep_hour_interruptions,
             seconds_on_call = excluded.seconds_on_call, observed_at = excluded.observed_at
         where excluded.observed_at > responder_analytics.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn incident_key<'a>(_: &FactsMessage, record: &'a IncidentAnalytic) -> &'a str {
    &record.incident_id
}

fn incident(_: &FactsMessage, one: &IncidentAnalytic) -> Value {
    json!({
        "incident_id": one.incident_id,
        "created_at": optional(one.created_at),
        "updated_at": optional(one.updated_at),
        "service_id": one.service_id,
        "team_id": one.team_id,
        "urgency": one.urgency,
        "seconds_to_first_acknowledge": one.seconds_to_first_acknowledge,
        "seconds_to_resolve": one.seconds_to_resolve,
        "acknowledged_user_ids": one.acknowledged_user_ids,
        "resolved_by_user_id": one.resolved_by_user_id,
        "escalations": one.escalations,
        "timeout_escalations": one.timeout_escalations,
        "business_hour_interruptions": one.business_hour_interruptions,
        "off_hour_interruptions": one.off_hour_interruptions,
        "sleep_hour_interruptions": one.sleep_hour_interruptions,
    })
}

async fn upsert_incident_analytics(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into incident_analytics (org_id, connection_id, incident_id, created_at,
             updated_at, service_id, team_id, urgency, seconds_to_first_acknowledge,
             seconds_to_resolve, acknowledged_user_ids, resolved_by_user_id, escalations,
             timeout_escalations, business_hour_interruptions, off_hour_interruptions,
             sleep_hour_interruptions, observed_at)
         select $1, connection_id, incident_id, created_at, updated_at, service_id, team_id,
             urgency, seconds_to_first_acknowledge, seconds_to_resolve, acknowledged_user_ids,
             resolved_by_user_id, escalations, timeout_escalations, business_hour_interruptions,
             off_hour_interruptions, sleep_hour_interruptions, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, incident_id text,
             created_at timestamptz, updated_at timestamptz, service_id text, team_id text,
             urgency text, seconds_to_first_acknowledge bigint, seconds_to_resolve bigint,
             acknowledged_user_ids text[], resolved_by_user_id text, escalations bigint,
             timeout_escalations bigint, business_hour_interruptions bigint,
             off_hour_interruptions bigint, sleep_hour_interruptions bigint,
             observed_at timestamptz)
         where created_at is not null
         on conflict (org_id, connection_id, incident_id) do update set
             created_at = excluded.created_at, updated_at = excluded.updated_at,
             service_id = excluded.service_id, team_id = excluded.team_id,
             urgency = excluded.urgency,
             seconds_to_first_acknowledge = excluded.seconds_to_first_acknowledge,
             seconds_to_resolve = excluded.seconds_to_resolve,
             acknowledged_user_ids = excluded.acknowledged_user_ids,
             resolved_by_user_id = excluded.resolved_by_user_id,
             escalations = excluded.escalations,
             timeout_escalations = excluded.timeout_escalations,
             business_hour_interruptions = excluded.business_hour_interruptions,
             off_hour_interruptions = excluded.off_hour_interruptions,
             sleep_hour_interruptions = excluded.sleep_hour_interruptions,
             observed_at = excluded.observed_at
         where excluded.observed_at > incident_analytics.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn advance_key<'a>(_: &FactsMessage, record: &'a AdvanceUse) -> (&'a str, Option<jiff::Timestamp>) {
    (&record.feature, optional(record.from))
}

fn advance(_: &FactsMessage, one: &AdvanceUse) -> Value {
    json!({
        "feature": one.feature,
        "starts_at": optional(one.from),
        "ends_at": optional(one.to),
        "credits": one.credits,
        "uses": one.uses,
    })
}

async fn upsert_advance_usage(tx: Tx<'_, '_>, org: OrgId, rows: Value) -> Result<()> {
    sqlx::query!(
        "insert into advance_usage (org_id, connection_id, feature, starts_at, ends_at, credits,
             uses, observed_at)
         select $1, connection_id, feature, starts_at, ends_at, credits, uses, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, feature text,
             starts_at timestamptz, ends_at timestamptz, credits bigint, uses bigint,
             observed_at timestamptz)
         where starts_at is not null
         on conflict (org_id, connection_id, feature, starts_at) do update set
             ends_at = excluded.ends_at, credits = excluded.credits, uses = excluded.uses,
             observed_at = excluded.observed_at
         where excluded.observed_at > advance_usage.observed_at",
        org.0,
        rows,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
