//! Applying a batch of messages of one organization: facts, the ledger of pages, receipts and run
//! ends in one transaction. Applying a message again changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::{
    OrgId,
    facts::v1::{Incident, LogEntry, Oncall, envelope::Payload},
};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, ledger, snapshots};
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
        snapshots::upsert_all(&mut tx, org, messages).await?;
        upsert_log_entries(&mut tx, org, messages).await?;
        upsert_oncalls(&mut tx, org, messages).await?;
        upsert_incidents(&mut tx, org, messages).await?;
        let crunch_due = ledger::record(&mut tx, org, messages, now).await?;
        tx.commit().await?;
        Ok(Applied { crunch_due })
    }

    /// Makes the partitions for the batch's log entries, in transactions of their own.
    async fn ensure_months(&self, messages: &[&FactsMessage], now: Timestamp) -> Result<()> {
        let near = |day: &i64| {
            let months = (day - day_of(now)).div_euclid(30);
            (-MONTHS_BACK..=MONTHS_AHEAD).contains(&months)
        };
        let months: BTreeSet<Date> = messages
            .iter()
            .flat_map(|message| log_entries(message))
            .filter_map(|entry| optional(entry.created_at))
            .map(day_of)
            .filter(near)
            .map(|day| date_of(day).first_of_month())
            .collect();
        for month in months {
            if !self.month_is_known(month) {
                sqlx::query!("select ensure_log_entries_month($1)", month.to_sqlx())
                    .execute(self.pool())
                    .await?;
                self.remember_month(month);
            }
        }
        Ok(())
    }
}

fn log_entries(message: &FactsMessage) -> &[LogEntry] {
    match &message.payload {
        Payload::LogEntries(page) => &page.records,
        _ => &[],
    }
}

/// The newest versions of a batch's log entries, column by column.
#[derive(Default)]
struct LogColumns<'a> {
    connections: Vec<Uuid>,
    observed: Vec<jiff_sqlx::Timestamp>,
    created: Vec<jiff_sqlx::Timestamp>,
    text: [Vec<&'a str>; 9],
}

impl<'a> LogColumns<'a> {
    fn of(messages: &[&'a FactsMessage]) -> Self {
        let mut newest = Newest::new();
        for message in messages {
            for entry in log_entries(message) {
                if let Some(at) = optional(entry.created_at) {
                    newest.add(message, (entry.id.as_str(), at), (at, entry));
                }
            }
        }
        let mut all = Self::default();
        for (connection, observed_at, (created_at, entry)) in newest.rows() {
            all.connections.push(connection);
            all.observed.push(observed_at.to_sqlx());
            all.created.push(created_at.to_sqlx());
            for (column, value) in all.text.iter_mut().zip(columns(entry)) {
                column.push(value);
            }
        }
        all
    }
}

async fn upsert_log_entries(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    messages: &[&FactsMessage],
) -> Result<()> {
    let all = LogColumns::of(messages);
    if all.connections.is_empty() {
        return Ok(());
    }
    let [
        ids,
        types,
        agent_types,
        agents,
        channels,
        incidents,
        services,
        notified,
        kinds,
    ] = &all.text;
    sqlx::query!(
        "insert into log_entries (org_id, connection_id, observed_at, created_at, id, type,
             agent_type, agent_id, channel_type, incident_id, service_id, notified_user_id,
             notification_type)
         select $1, * from unnest($2::uuid[], $3::timestamptz[], $4::timestamptz[], $5::text[],
             $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
             $12::text[], $13::text[])
         on conflict (org_id, connection_id, id, created_at) do update set
             type = excluded.type, agent_type = excluded.agent_type, agent_id = excluded.agent_id,
             channel_type = excluded.channel_type, incident_id = excluded.incident_id,
             service_id = excluded.service_id, notified_user_id = excluded.notified_user_id,
             notification_type = excluded.notification_type, observed_at = excluded.observed_at
         where excluded.observed_at > log_entries.observed_at",
        org.0,
        &all.connections,
        &all.observed as _,
        &all.created as _,
        ids as _,
        types as _,
        agent_types as _,
        agents as _,
        channels as _,
        incidents as _,
        services as _,
        notified as _,
        kinds as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The text columns of a log entry, in the order of the statement.
fn columns(entry: &LogEntry) -> [&str; 9] {
    [
        &entry.id,
        &entry.r#type,
        &entry.agent_type,
        &entry.agent_id,
        &entry.channel_type,
        &entry.incident_id,
        &entry.service_id,
        &entry.notified_user_id,
        &entry.notification_type,
    ]
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
    sqlx::query!(
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
         where excluded.observed_at > incidents.observed_at",
        org.0,
        newest.document(|incident| incident_row(incident)),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
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
