//! What has arrived of each run: pages, receipts, ends; and what is due to be crunched.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{
    OrgId, RunId,
    facts::v1::{DatasetState, RunFinished, envelope::Payload},
};
use serde_json::{Value, json};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Result, Store, seats::Made};
use crate::{
    coverage::CoverageRow,
    message::{FactsMessage, WindowBounds, optional},
    window::{Calendar, date_of},
};

/// Records in the tables by dataset, of one run.
pub type StoredCounts = BTreeMap<String, i64>;

/// Writes the batch's pages, receipts and run ends. Answers whether a crunch may be due.
pub(super) async fn record(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    messages: &[&FactsMessage],
    now: Timestamp,
) -> Result<bool> {
    let (mut pages, mut receipts) = (BTreeMap::new(), BTreeMap::new());
    let mut ended = false;
    for message in messages {
        let key = (
            message.run.0,
            message.dataset.name(),
            message.window,
            message.page,
        );
        match &message.payload {
            Payload::Receipt(receipt) => {
                let row = json!({
                    "pages": receipt.pages,
                    "expected": receipt.expected,
                    "received": receipt.received,
                });
                keep_newest(&mut receipts, key, message, row);
            }
            Payload::RunFinished(finished) => {
                insert_run(tx, org, message, finished, now).await?;
                ended = true;
            }
            _ => {
                let row = json!({"records": message.records(), "trace_id": message.trace_id});
                keep_newest(&mut pages, key, message, row);
            }
        }
    }
    insert_pages(
        tx,
        org,
        pages.into_values().map(|(_, row)| row).collect(),
        now,
    )
    .await?;
    insert_receipts(
        tx,
        org,
        receipts.into_values().map(|(_, row)| row).collect(),
        now,
    )
    .await?;
    let runs: BTreeSet<Uuid> = messages.iter().map(|message| message.run.0).collect();
    if ended || has_ended(tx, org, &runs).await? {
        mark_due(tx, org, now).await?;
        return Ok(true);
    }
    Ok(false)
}

type Rows<'a> = BTreeMap<(Uuid, &'a str, WindowBounds, i32), (Timestamp, Value)>;

fn keep_newest<'a>(
    rows: &mut Rows<'a>,
    key: (Uuid, &'a str, WindowBounds, i32),
    message: &FactsMessage,
    mut row: Value,
) {
    if let Value::Object(row) = &mut row {
        let WindowBounds(window) = message.window;
        row.insert("connection_id".to_owned(), json!(message.connection.0));
        row.insert("run_id".to_owned(), json!(message.run.0));
        row.insert("dataset".to_owned(), json!(message.dataset.name()));
        row.insert(
            "window_from".to_owned(),
            json!(window.map(|(from, _)| from)),
        );
        row.insert("window_to".to_owned(), json!(window.map(|(_, to)| to)));
        row.insert("page".to_owned(), json!(message.page));
        row.insert("observed_at".to_owned(), json!(message.observed_at));
    }
    let newer = rows
        .get(&key)
        .is_none_or(|(at, _)| *at <= message.observed_at);
    if newer {
        rows.insert(key, (message.observed_at, row));
    }
}

async fn insert_pages(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    rows: Vec<Value>,
    now: Timestamp,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into pages (org_id, connection_id, run_id, dataset, window_from, window_to, page,
             records, trace_id, observed_at, stored_at)
         select $1, connection_id, run_id, dataset, coalesce(window_from, '-infinity'),
             coalesce(window_to, '-infinity'), page, records, trace_id, observed_at, $3
         from jsonb_to_recordset($2) as r(connection_id uuid, run_id uuid, dataset text,
             window_from timestamptz, window_to timestamptz, page integer, records bigint,
             trace_id text, observed_at timestamptz)
         on conflict (org_id, run_id, dataset, window_from, window_to, page) do update set
             records = excluded.records, trace_id = excluded.trace_id,
             observed_at = excluded.observed_at, stored_at = excluded.stored_at
         where excluded.observed_at > pages.observed_at",
        org.0,
        Value::Array(rows),
        now.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_receipts(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    rows: Vec<Value>,
    now: Timestamp,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "insert into receipts (org_id, connection_id, run_id, dataset, window_from, window_to,
             pages, expected, received, observed_at, stored_at)
         select $1, connection_id, run_id, dataset, coalesce(window_from, '-infinity'),
             coalesce(window_to, '-infinity'), pages, expected, received, observed_at, $3
         from jsonb_to_recordset($2) as r(connection_id uuid, run_id uuid, dataset text,
             window_from timestamptz, window_to timestamptz, pages integer, expected bigint,
             received bigint, observed_at timestamptz)
         on conflict (org_id, run_id, dataset, window_from, window_to) do update set
             pages = excluded.pages, expected = excluded.expected, received = excluded.received,
             observed_at = excluded.observed_at, stored_at = excluded.stored_at
         where excluded.observed_at > receipts.observed_at",
        org.0,
        Value::Array(rows),
        now.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert_run(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    message: &FactsMessage,
    finished: &RunFinished,
    now: Timestamp,
) -> Result<()> {
    let datasets: Vec<_> = finished.datasets.iter().map(coverage_row).collect();
    sqlx::query!(
        "insert into runs (org_id, connection_id, run_id, as_of, receipts, datasets, observed_at,
             stored_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)
         on conflict (org_id, run_id) do update set
             as_of = excluded.as_of, receipts = excluded.receipts, datasets = excluded.datasets,
             observed_at = excluded.observed_at, stored_at = excluded.stored_at
         where excluded.observed_at > runs.observed_at",
        org.0,
        message.connection.0,
        message.run.0,
        message.as_of.to_sqlx() as _,
        i32::try_from(finished.receipts).unwrap_or(i32::MAX),
        serde_json::to_value(datasets)?,
        message.observed_at.to_sqlx() as _,
        now.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn coverage_row(state: &DatasetState) -> CoverageRow {
    CoverageRow {
        dataset: state.dataset().name().to_owned(),
        state: state.completeness().name().to_owned(),
        reason: state.reason.clone(),
        covered_from: optional(state.covered_from),
        covered_to: optional(state.covered_to),
    }
}

/// Whether the end of one of the runs is already here, so that this batch may complete it.
async fn has_ended(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    runs: &BTreeSet<Uuid>,
) -> Result<bool> {
    let runs: Vec<Uuid> = runs.iter().copied().collect();
    let ended = sqlx::query_scalar!(
        r#"select exists (select from runs where org_id = $1 and run_id = any($2)) as "ended!""#,
        org.0,
        &runs,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(ended)
}

pub(super) async fn force(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query!(
        "insert into due_organizations (org_id, due_at, attempts, forced) values ($1, $2, 0, true)
         on conflict (org_id) do update set due_at = excluded.due_at, attempts = 0, forced = true",
        org.0,
        now.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn mark_due(tx: &mut Transaction<'_, Postgres>, org: OrgId, now: Timestamp) -> Result<()> {
    sqlx::query!(
        "insert into due_organizations (org_id, due_at, attempts) values ($1, $2, 0)
         on conflict (org_id) do update set due_at = excluded.due_at, attempts = 0",
        org.0,
        now.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether a crunch was asked for although no run is new.
pub async fn is_forced(tx: super::crunch::Tx<'_>, org: OrgId) -> Result<bool> {
    let forced = sqlx::query_scalar!(
        "select forced from due_organizations where org_id = $1",
        org.0
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(forced.unwrap_or_default())
}

/// Connections that the organization has ended.
pub async fn ended_connections(tx: super::crunch::Tx<'_>, org: OrgId) -> Result<BTreeSet<Uuid>> {
    let ended = sqlx::query_scalar!(
        "select connection_id from ended_connections where org_id = $1
         union select connection_id from erased_connections where org_id = $1",
        org.0
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(ended.into_iter().flatten().collect())
}

/// Notes when the organization's day turns next.
pub async fn schedule_turn(tx: super::crunch::Tx<'_>, made: &Made<'_>) -> Result<()> {
    let calendar = Calendar::named(&made.rules.time_zone);
    let tomorrow = date_of(calendar.day_of(made.now) + 1);
    sqlx::query!(
        "insert into day_turns (org_id, turns_at) values ($1, $2)
         on conflict (org_id) do update set turns_at = excluded.turns_at",
        made.org.0,
        calendar.start_of(tomorrow).to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

impl Store {
    /// Asks for a generation although no run is new: settings have changed.
    pub async fn force_crunch(&self, org: OrgId, now: Timestamp) -> Result<()> {
        let mut tx = self.begin(org).await?;
        force(&mut tx, org, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Asks for a generation of every organization whose day has turned.
    pub async fn mark_turned(&self, now: Timestamp) -> Result<()> {
        let turned = sqlx::query_scalar!(
            "select org_id from day_turns where turns_at <= $1 limit 100",
            now.to_sqlx() as _,
        )
        .fetch_all(self.pool())
        .await?;
        for org in turned {
            let mut tx = self.begin(OrgId(org)).await?;
            let deleted = sqlx::query!(
                "delete from day_turns where org_id = $1 and turns_at <= $2",
                org,
                now.to_sqlx() as _,
            )
            .execute(&mut *tx)
            .await?;
            if deleted.rows_affected() > 0 {
                force(&mut tx, OrgId(org), now).await?;
            }
            tx.commit().await?;
        }
        Ok(())
    }

    /// Organizations that may have something to crunch, the longest waiting first.
    pub async fn due_organizations(&self, now: Timestamp) -> Result<Vec<OrgId>> {
        let due = sqlx::query_scalar!(
            "select org_id from due_organizations where due_at <= $1 order by due_at limit 100",
            now.to_sqlx() as _,
        )
        .fetch_all(self.pool())
        .await?;
        Ok(due.into_iter().map(OrgId).collect())
    }

    /// Records of a run in the tables, by dataset.
    pub async fn stored_counts(&self, org: OrgId, run: RunId) -> Result<StoredCounts> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select p.dataset, sum(p.records)::bigint as "records!"
               from pages p
               left join receipts r using (org_id, run_id, dataset, window_from, window_to)
               where p.org_id = $1 and p.run_id = $2 and (r.pages is null or p.page < r.pages)
               group by p.dataset"#,
            org.0,
            run.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| (row.dataset, row.records))
            .collect())
    }

    /// The first generation that contains a run.
    pub async fn generation_of_run(&self, org: OrgId, run: RunId) -> Result<Option<i64>> {
        let mut tx = self.begin(org).await?;
        let generation = sqlx::query_scalar!(
            "select generation from runs where org_id = $1 and run_id = $2",
            org.0,
            run.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(generation.flatten())
    }
}
