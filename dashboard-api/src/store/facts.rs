//! Applying a batch of messages of one organization: facts, the ledger of pages, receipts and run
//! ends in one transaction. Applying a message again changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::{
    OrgId,
    facts::v1::{Incident, Oncall, envelope::Payload},
};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, activities, ledger, log_entries, resources, rollups, snapshots};
use crate::{
    message::{FactsMessage, optional},
    window::{date_of, day_of},
};

/// Months before and after now that get a partition of their own.
const MONTHS_BACK: i64 = 15;
const MONTHS_AHEAD: i64 = 2;

/// What applying a batch means for the crunch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Applied {
    /// A run may be complete now.
    pub crunch_due: bool,
}

/// The newest version of each record of a batch, in the order of the keys, so that two writers
/// never lock rows in opposite order.
pub(super) struct Newest<K, R>(BTreeMap<(Uuid, K), (Timestamp, R)>);

impl<K: Ord, R> Newest<K, R> {
    pub(super) fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn add(&mut self, message: &FactsMessage, key: K, record: R) {
        let key = (message.connection.0, key);
        let older = self
            .0
            .get(&key)
            .is_none_or(|(at, _)| *at <= message.observed_at);
        if older {
            self.0.insert(key, (message.observed_at, record));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Connection, time of observation and record.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Uuid, Timestamp, &R)> {
        self.0
            .iter()
            .map(|((connection, _), (at, record))| (*connection, *at, record))
    }

    /// The records as a JSON list for `jsonb_to_recordset`.
    pub(super) fn document(&self, describe: impl Fn(&R) -> Value) -> Value {
        let rows = self.rows().map(|(connection, observed_at, record)| {
            let mut row = describe(record);
            if let Value::Object(row) = &mut row {
                row.insert("connection_id".to_owned(), json!(connection));
                row.insert("observed_at".to_owned(), json!(observed_at));
            }
            row
        });
        Value::Array(rows.collect())
    }
}

impl Store {
    /// Stores a batch. All messages must belong to `org`.
    pub async fn apply(
        &self,
        org: OrgId,
        messages: &[&FactsMessage],
        now: Timestamp,
    ) -> Result<Applied> {
        self.ensure_months(messages, now).await?;
        let mut tx = self.begin(org).await?;
        let erased = erased_connections(&mut tx, org).await?;
        let kept: Vec<&FactsMessage> = messages
            .iter()
            .copied()
            .filter(|message| !erased.contains(&message.connection.0))
            .collect();
        snapshots::upsert_all(&mut tx, org, &kept).await?;
        resources::upsert_all(&mut tx, org, &kept).await?;
        for (connection, messages) in by_connection(&kept) {
            log_entries::upsert(&mut tx, org, connection, &messages).await?;
            activities::upsert(&mut tx, org, connection, &messages).await?;
        }
        upsert_oncalls(&mut tx, org, &kept).await?;
        upsert_incidents(&mut tx, org, &kept).await?;
        let crunch_due = ledger::record(&mut tx, org, &kept, now).await?;
        tx.commit().await?;
        Ok(Applied { crunch_due })
    }

    /// Makes the partitions for the batch's rows, in transactions of their own.
    async fn ensure_months(&self, messages: &[&FactsMessage], now: Timestamp) -> Result<()> {
        let months: BTreeSet<(&'static str, Date)> = messages
            .iter()
            .flat_map(|message| times(message))
            .map(|(table, at)| (table, day_of(at)))
            .filter(|(_, day)| {
                let months = (day - day_of(now)).div_euclid(30);
                (-MONTHS_BACK..=MONTHS_AHEAD).contains(&months)
            })
            .map(|(table, day)| (table, date_of(day).first_of_month()))
            .collect();
        for (table, month) in months {
            if !self.month_is_known(table, month) {
                sqlx::query!("select ensure_month($1, $2)", table, month.to_sqlx())
                    .execute(self.pool())
                    .await?;
                self.remember_month(table, month);
            }
        }
        Ok(())
    }
}

/// The times of rows that are cut by month, with their table.
fn times(message: &FactsMessage) -> Vec<(&'static str, Timestamp)> {
    let entries = log_entries::of_message(message).iter();
    let entries = entries.filter_map(|entry| Some(("log_entries", optional(entry.created_at)?)));
    let activities = activities::of_message(message).iter();
    let activities = activities.filter_map(|one| Some(("activities", optional(one.at)?)));
    entries.chain(activities).collect()
}

fn by_connection<'a>(messages: &[&'a FactsMessage]) -> BTreeMap<Uuid, Vec<&'a FactsMessage>> {
    let mut grouped: BTreeMap<Uuid, Vec<&FactsMessage>> = BTreeMap::new();
    for message in messages {
        grouped
            .entry(message.connection.0)
            .or_default()
            .push(message);
    }
    grouped
}

/// Connections whose data was erased: what is still on its way for them is dropped.
async fn erased_connections(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
) -> Result<BTreeSet<Uuid>> {
    let erased = sqlx::query_scalar!(
        "select connection_id from erased_connections where org_id = $1",
        org.0
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(erased.into_iter().collect())
}

async fn upsert_oncalls(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    messages: &[&FactsMessage],
) -> Result<()> {
    let mut newest = Newest::new();
    for message in messages {
        if let Payload::Oncalls(page) = &message.payload {
            for oncall in &page.records {
                newest.add(message, oncall_key(oncall), oncall);
            }
        }
    }
    if newest.is_empty() {
        return Ok(());
    }
    let document = newest.document(|oncall| {
        json!({
            "user_id": oncall.user_id,
            "escalation_policy_id": oncall.escalation_policy_id,
            "escalation_level": oncall.escalation_level,
            "schedule_id": oncall.schedule_id,
            "starts_at": optional(oncall.start),
            "ends_at": optional(oncall.end),
        })
    });
    sqlx::query!(
        "insert into oncalls (org_id, connection_id, user_id, escalation_policy_id,
             escalation_level, schedule_id, starts_at, ends_at, observed_at)
         select $1, connection_id, user_id, escalation_policy_id, escalation_level, schedule_id,
             coalesce(starts_at, '-infinity'), ends_at, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, user_id text,
             escalation_policy_id text, escalation_level integer, schedule_id text,
             starts_at timestamptz, ends_at timestamptz, observed_at timestamptz)
         on conflict (org_id, connection_id, user_id, escalation_policy_id, escalation_level,
             schedule_id, starts_at) do update set
             ends_at = excluded.ends_at, observed_at = excluded.observed_at, deleted_at = null
         where excluded.observed_at > oncalls.observed_at",
        org.0,
        document,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn oncall_key(oncall: &Oncall) -> (&str, &str, u32, &str, Option<Timestamp>) {
    (
        &oncall.user_id,
        &oncall.escalation_policy_id,
        oncall.escalation_level,
        &oncall.schedule_id,
        optional(oncall.start),
    )
}

async fn upsert_incidents(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    messages: &[&FactsMessage],
) -> Result<()> {
    let mut newest = Newest::new();
    for message in messages {
        if let Payload::Incidents(page) = &message.payload {
            for incident in &page.records {
                newest.add(message, incident.id.as_str(), incident);
            }
        }
    }
    if newest.is_empty() {
        return Ok(());
    }
    let changed = sqlx::query!(
        "insert into incidents (org_id, connection_id, id, number, status, urgency, created_at,
             updated_at, resolved_at, service_id, escalation_policy_id, priority_id, assignee_ids,
             responder_requests, responders, observed_at)
         select $1, connection_id, id, number, status, urgency, created_at, updated_at,
             resolved_at, service_id, escalation_policy_id, priority_id, assignee_ids,
             responder_requests, responders, observed_at
         from jsonb_to_recordset($2) as r(connection_id uuid, id text, number bigint, status text,
             urgency text, created_at timestamptz, updated_at timestamptz,
             resolved_at timestamptz, service_id text, escalation_policy_id text,
             priority_id text, assignee_ids text[], responder_requests jsonb, responders jsonb,
             observed_at timestamptz)
         on conflict (org_id, connection_id, id) do update set
             number = excluded.number, status = excluded.status, urgency = excluded.urgency,
             created_at = excluded.created_at, updated_at = excluded.updated_at,
             resolved_at = excluded.resolved_at, service_id = excluded.service_id,
             escalation_policy_id = excluded.escalation_policy_id,
             priority_id = excluded.priority_id, assignee_ids = excluded.assignee_ids,
             responder_requests = excluded.responder_requests, responders = excluded.responders,
             observed_at = excluded.observed_at
         where excluded.observed_at > incidents.observed_at
         returning connection_id, id",
        org.0,
        newest.document(|incident| incident_row(incident)),
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut incidents: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for row in changed {
        incidents.entry(row.connection_id).or_default().push(row.id);
    }
    for (connection, ids) in incidents {
        renew_responders(tx, org, connection, &ids).await?;
    }
    Ok(())
}

/// Uses that the older version of an incident showed may not hold any more.
async fn renew_responders(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    incidents: &[String],
) -> Result<()> {
    rollups::zone(tx, org, connection).await?;
    sqlx::query!(
        "delete from responder_uses
         where org_id = $1 and connection_id = $2 and incident_id = any($3)",
        org.0,
        connection,
        incidents,
    )
    .execute(&mut **tx)
    .await?;
    rollups::derive_responders(tx, org, connection, Some(incidents)).await
}

fn incident_row(incident: &Incident) -> Value {
    let requests = incident.responder_requests.iter().map(|request| {
        json!({
            "requester_id": request.requester_id,
            "requested_at": optional(request.requested_at),
        })
    });
    let responders = incident.responders.iter().map(|responder| {
        json!({
            "user_id": responder.user_id,
            "state": responder.state,
            "requester_id": responder.requester_id,
            "requested_at": optional(responder.requested_at),
            "updated_at": optional(responder.updated_at),
        })
    });
    json!({
        "id": incident.id,
        "number": incident.number,
        "status": incident.status,
        "urgency": incident.urgency,
        "created_at": optional(incident.created_at),
        "updated_at": optional(incident.updated_at),
        "resolved_at": optional(incident.resolved_at),
        "service_id": incident.service_id,
        "escalation_policy_id": incident.escalation_policy_id,
        "priority_id": incident.priority_id,
        "assignee_ids": incident.assignee_ids,
        "responder_requests": requests.collect::<Vec<_>>(),
        "responders": responders.collect::<Vec<_>>(),
    })
}
