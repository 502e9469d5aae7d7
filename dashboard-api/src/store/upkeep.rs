//! What keeps the tables in order: runs to report, connections that ended, data to erase, facts
//! that are too old.

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::{Result, Store};

/// Tables that are cut by month.
const MONTHLY: [&str; 2] = ["log_entries", "activities"];
/// Tables that hold a connection's data, whatever it is.
const OF_CONNECTION: [&str; 33] = [
    "users",
    "licenses",
    "license_allocations",
    "teams",
    "services",
    "escalation_policies",
    "schedules",
    "user_analytics",
    "oncalls",
    "incidents",
    "log_entries",
    "resources",
    "activities",
    "responder_analytics",
    "incident_analytics",
    "advance_usage",
    "use_days",
    "incident_acks",
    "responder_uses",
    "rollups",
    "pages",
    "receipts",
    "runs",
    "seats",
    "seat_totals",
    "license_totals",
    "feature_groups",
    "team_totals",
    "oncall_load",
    "single_levels",
    "addon_totals",
    "person_days",
    "license_days",
];

/// Records of one window or snapshot of a run that are stored.
#[derive(Debug, Clone)]
pub struct StoredItem {
    pub dataset: String,
    /// `None` for a snapshot.
    pub window: Option<(Timestamp, Timestamp)>,
    pub records: i64,
}

/// A run whose records have not been reported yet.
#[derive(Debug, Clone)]
pub struct UnreportedRun {
    pub connection: Uuid,
    pub run: Uuid,
    pub items: Vec<StoredItem>,
}

impl Store {
    /// Organizations with answers or with something on its way.
    pub async fn known_organizations(&self) -> Result<Vec<OrgId>> {
        let orgs = sqlx::query_scalar!(
            r#"select org_id as "org!" from day_turns union select org_id from due_organizations"#
        )
        .fetch_all(self.pool())
        .await?;
        Ok(orgs.into_iter().map(OrgId).collect())
    }

    /// The instant that the answers about each connection speak for.
    pub async fn newest_data(&self, org: OrgId) -> Result<Vec<(Uuid, Timestamp)>> {
        let mut tx = self.begin(org).await?;
        let rows = sqlx::query!(
            r#"select connection_id, max(as_of) as "as_of!" from runs
               where org_id = $1 and generation is not null group by connection_id"#,
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let ages = rows.into_iter();
        Ok(ages
            .map(|row| (row.connection_id, row.as_of.to_jiff()))
            .collect())
    }

    /// Crunched runs that ingest-service has not heard of, the oldest first.
    pub async fn unreported_runs(&self, org: OrgId) -> Result<Vec<UnreportedRun>> {
        let mut tx = self.begin(org).await?;
        let runs = sqlx::query!(
            "select run_id, connection_id from runs
             where org_id = $1 and generation is not null and reported_at is null
             order by as_of limit 20",
            org.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut unreported = Vec::with_capacity(runs.len());
        for run in runs {
            let rows = sqlx::query!(
                r#"select c.dataset, c.window_from > '-infinity' as "windowed!",
                       nullif(c.window_from, '-infinity') as window_from,
                       nullif(c.window_to, '-infinity') as window_to,
                       coalesce((select sum(p.records) from pages p
                           where p.org_id = c.org_id and p.run_id = c.run_id
                               and p.dataset = c.dataset and p.window_from = c.window_from
                               and p.window_to = c.window_to and p.page < c.pages), 0)::bigint
                           as "records!"
                   from receipts c where c.org_id = $1 and c.run_id = $2
                   order by c.dataset, c.window_from"#,
                org.0,
                run.run_id,
            )
            .fetch_all(&mut *tx)
            .await?;
            let items = rows.into_iter().map(|row| StoredItem {
                dataset: row.dataset,
                window: row
                    .window_from
                    .zip(row.window_to)
                    .map(|(from, to)| (from.to_jiff(), to.to_jiff())),
                records: row.records,
            });
            unreported.push(UnreportedRun {
                connection: run.connection_id,
                run: run.run_id,
                items: items.collect(),
            });
        }
        Ok(unreported)
    }

    pub async fn mark_reported(&self, org: OrgId, run: Uuid, now: Timestamp) -> Result<()> {
        let mut tx = self.begin(org).await?;
        sqlx::query!(
            "update runs set reported_at = $3 where org_id = $1 and run_id = $2",
            org.0,
            run,
            now.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Takes over which connections have ended. Answers whether anything changed.
    pub async fn note_ended(&self, org: OrgId, ended: &[Uuid], now: Timestamp) -> Result<bool> {
        let mut tx = self.begin(org).await?;
        let back = sqlx::query!(
            "delete from ended_connections where org_id = $1 and connection_id <> all ($2)",
            org.0,
            ended,
        )
        .execute(&mut *tx)
        .await?;
        let gone = sqlx::query!(
            "insert into ended_connections (org_id, connection_id, ended_at)
             select $1, connection_id, $3 from unnest($2::uuid[]) as e(connection_id)
             on conflict do nothing",
            org.0,
            ended,
            now.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(back.rows_affected() + gone.rows_affected() > 0)
    }

    /// Deletes everything that was collected for a connection, and keeps later messages out.
    /// Answers whether there was anything to do.
    pub async fn erase_connection(
        &self,
        org: OrgId,
        connection: Uuid,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.begin(org).await?;
        let marked = sqlx::query!(
            "insert into erased_connections (org_id, connection_id, erased_at)
             values ($1, $2, $3) on conflict do nothing",
            org.0,
            connection,
            now.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        if marked.rows_affected() == 0 {
            return Ok(false);
        }
        let recommended = "delete from recommendation_events e using recommendations r \
             where e.org_id = $1 and r.org_id = $1 and r.id = e.recommendation_id \
             and r.connection_id = $2";
        let saved = "delete from realized_savings s using recommendations r \
             where s.org_id = $1 and r.org_id = $1 and r.id = s.recommendation_id \
             and r.connection_id = $2";
        let mut statements = vec![recommended.to_owned(), saved.to_owned()];
        let tables = OF_CONNECTION
            .into_iter()
            .chain(["recommendations", "seat_history"]);
        statements.extend(
            tables.map(|table| {
                format!("delete from {table} where org_id = $1 and connection_id = $2")
            }),
        );
        for statement in statements {
            sqlx::query(AssertSqlSafe(statement))
                .bind(org.0)
                .bind(connection)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Drops the months whose facts are all older than a day. The rollups stay.
    pub async fn prune_facts(&self, kept_from: Date) -> Result<u64> {
        let month = kept_from.first_of_month();
        let mut dropped = 0;
        for parent in MONTHLY {
            let old: Vec<(String,)> = sqlx::query_as(
                "select relname::text from pg_class
                 where relkind = 'r' and relname ~ ('^' || $1 || '_[0-9]{4}_[0-9]{2}$')
                     and relname < $1 || '_' || to_char($2::date, 'YYYY_MM')
                     and relnamespace = current_schema()::regnamespace",
            )
            .bind(parent)
            .bind(month.to_sqlx())
            .fetch_all(self.pool())
            .await?;
            if old.is_empty() {
                continue;
            }
            let mut tx = self.pool().begin().await?;
            sqlx::query!(
                "insert into fact_floors (parent, kept_from) values ($1, $2)
                 on conflict (parent) do update set kept_from = excluded.kept_from
                 where excluded.kept_from > fact_floors.kept_from",
                parent,
                month.to_sqlx() as _,
            )
            .execute(&mut *tx)
            .await?;
            for (partition,) in old {
                let statement = format!("drop table \"{partition}\"");
                sqlx::query(AssertSqlSafe(statement))
                    .execute(&mut *tx)
                    .await?;
                dropped += 1;
            }
            tx.commit().await?;
        }
        Ok(dropped)
    }
}
