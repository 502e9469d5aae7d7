//! What happened once outside of incidents: audit records, invocations, notifications, webhooks.
//! Stored like log entries: new ones move the rollups, changed ones have their days derived again.

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use proto::{
    OrgId,
    facts::v1::{Activity, envelope::Payload},
};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, rollups};
use crate::{
    catalogue::{PERSON_AGENT, activity_rules},
    message::{FactsMessage, optional},
};

pub(super) fn of_message(message: &FactsMessage) -> &[Activity] {
    match &message.payload {
        Payload::Activities(page) => &page.records,
        _ => &[],
    }
}

type Key<'a> = (&'static str, Timestamp, &'a str, &'a str);

fn document(messages: &[&FactsMessage]) -> Vec<Value> {
    let mut newest: BTreeMap<Key<'_>, (Timestamp, &Activity)> = BTreeMap::new();
    for message in messages {
        for activity in of_message(message) {
            let Some(at) = optional(activity.at) else {
                continue;
            };
            let key = (
                message.dataset.name(),
                at,
                activity.id.as_str(),
                activity.agent_id.as_str(),
            );
            let version = (message.observed_at, activity);
            let kept = newest.entry(key).or_insert(version);
            if kept.0 <= version.0 {
                *kept = version;
            }
        }
    }
    let rows = newest.into_iter();
    rows.map(|((dataset, at, ..), (observed_at, activity))| row(dataset, at, observed_at, activity))
        .collect()
}

fn row(dataset: &str, at: Timestamp, observed_at: Timestamp, activity: &Activity) -> Value {
    json!({
        "dataset": dataset,
        "at": at,
        "observed_at": observed_at,
        "id": activity.id,
        "agent_id": activity.agent_id,
        "agent_type": activity.agent_type,
        "type": activity.r#type,
        "subject_type": activity.subject_type,
        "subject_id": activity.subject_id,
        "method": activity.method,
        "status": activity.status,
        "incident_id": activity.incident_id,
        "service_ids": activity.service_ids,
    })
}

/// Stores the activities of one connection. `messages` are that connection's.
pub(super) async fn upsert(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    messages: &[&FactsMessage],
) -> Result<()> {
    let rows = document(messages);
    if rows.is_empty() {
        return Ok(());
    }
    let count = rows.len() as i64;
    let rows = Value::Array(rows);
    let zone = rollups::zone(tx, org, connection).await?;
    if insert(tx, org, connection, &rows, &zone).await? < count {
        let days = replace(tx, org, connection, &rows, &zone).await?;
        if !days.is_empty() {
            rollups::derive_days(tx, org, connection, &zone, &days).await?;
        }
    }
    Ok(())
}

async fn insert(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    rows: &Value,
    zone: &str,
) -> Result<i64> {
    let (datasets, types, features) = activity_rules();
    let inserted = sqlx::query_scalar!(
        r#"with inserted as (
               insert into activities (org_id, connection_id, dataset, at, id, agent_id,
                   agent_type, type, subject_type, subject_id, method, status, incident_id,
                   service_ids, observed_at)
               select $1, $2, dataset, at, id, agent_id, agent_type, type, subject_type,
                   subject_id, method, status, incident_id, service_ids, observed_at
               from jsonb_to_recordset($3) as r(dataset text, at timestamptz, id text,
                   agent_id text, agent_type text, type text, subject_type text,
                   subject_id text, method text, status text, incident_id text,
                   service_ids text[], observed_at timestamptz)
               on conflict (org_id, connection_id, dataset, at, id, agent_id) do nothing
               returning dataset, at, agent_id, agent_type, type, method
           ), moved as (
               insert into use_days as d (org_id, connection_id, day, user_id, feature, channel,
                   uses, last_at)
               select $1, $2, (at at time zone $4)::date as day, agent_id, r.feature,
                   case i.dataset when 'webhooks' then 'webhook' else method end as via,
                   count(*), max(at)
               from inserted i join unnest($5::text[], $6::text[], $7::text[])
                   as r(dataset, type, feature)
                   on r.dataset = i.dataset and r.type in ('', i.type)
               where agent_type = $8 and agent_id <> ''
               group by day, agent_id, r.feature, via
               order by day, agent_id, r.feature, via
               on conflict (org_id, connection_id, day, user_id, feature, channel) do update set
                   uses = d.uses + excluded.uses, last_at = greatest(d.last_at, excluded.last_at)
           )
           select count(*) as "inserted!" from inserted"#,
        org.0,
        connection,
        rows,
        zone,
        datasets as _,
        types as _,
        features as _,
        PERSON_AGENT,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(inserted)
}

/// Replaces older versions. Answers the days whose rollups do not hold any more.
async fn replace(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    rows: &Value,
    zone: &str,
) -> Result<Vec<Date>> {
    let days = sqlx::query_scalar!(
        r#"with stale as (
               select r.*, (a.type, a.agent_type, a.method)
                   is distinct from (r.type, r.agent_type, r.method) as differs
               from jsonb_to_recordset($3) as r(dataset text, at timestamptz, id text,
                   agent_id text, agent_type text, type text, subject_type text,
                   subject_id text, method text, status text, incident_id text,
                   service_ids text[], observed_at timestamptz)
               join activities a on a.org_id = $1 and a.connection_id = $2
                   and a.dataset = r.dataset and a.at = r.at and a.id = r.id
                   and a.agent_id = r.agent_id
               where r.observed_at > a.observed_at
               order by a.dataset, a.at, a.id, a.agent_id
               for update of a
           ), replaced as (
               update activities a set agent_type = s.agent_type, type = s.type,
                   subject_type = s.subject_type, subject_id = s.subject_id, method = s.method,
                   status = s.status, incident_id = s.incident_id, service_ids = s.service_ids,
                   observed_at = s.observed_at
               from stale s
               where a.org_id = $1 and a.connection_id = $2 and a.dataset = s.dataset
                   and a.at = s.at and a.id = s.id and a.agent_id = s.agent_id
               returning a.at, s.differs
           )
           select distinct (at at time zone $4)::date as "day!"
           from replaced where differs order by 1"#,
        org.0,
        connection,
        rows,
        zone,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(days.into_iter().map(jiff_sqlx::Date::to_jiff).collect())
}
