//! A database for one run, and COPY into it as a superuser.

use std::{
    ops::Range,
    time::{Duration, Instant},
};

use anyhow::Context;
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection, postgres::PgConnectOptions};

use super::account::Account;

const ROLE: &str = "quolum_bench_dashboard";
/// Rows of one COPY.
const CHUNK: i64 = 100_000;
const COLUMNS: &str = "(org_id, connection_id, id, created_at, type, agent_type, agent_id, \
     channel_type, incident_id, service_id, notified_user_id, notification_type, observed_at)";

/// The database of one run.
pub(crate) struct Database {
    superuser: PgConnectOptions,
    name: String,
    host: String,
}

impl Database {
    pub(crate) async fn create(url: &str) -> anyhow::Result<Self> {
        let superuser: PgConnectOptions = url.parse().context("the superuser's URL")?;
        let name = format!("quolum_bench_{}", uuid::Uuid::now_v7().simple());
        let mut connection = PgConnection::connect_with(&superuser).await?;
        for statement in [
            format!(
                "do $$ begin create role {ROLE} login password 'bench'; \
                 exception when duplicate_object or unique_violation then null; end $$"
            ),
            format!("create database {name} owner {ROLE}"),
        ] {
            sqlx::query(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await?;
        }
        let host = format!("{}:{}", superuser.get_host(), superuser.get_port());
        Ok(Self {
            superuser,
            name,
            host,
        })
    }

    /// As the plain role.
    pub(crate) fn url(&self) -> SecretString {
        format!("postgres://{ROLE}:bench@{}/{}", self.host, self.name).into()
    }

    pub(crate) async fn drop(&self) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect_with(&self.superuser).await?;
        let statement = format!("drop database {} with (force)", self.name);
        sqlx::query(AssertSqlSafe(statement))
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    async fn inside(&self) -> anyhow::Result<PgConnection> {
        let options = self.superuser.clone().database(&self.name);
        Ok(PgConnection::connect_with(&options).await?)
    }

    /// Puts rows where the service keeps them, without rollups.
    pub(crate) async fn fill(&self, account: &Account, rows: Range<i64>) -> anyhow::Result<()> {
        let mut connection = self.inside().await?;
        let mut month = account
            .at(0)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date()
            .first_of_month();
        let last = account
            .at(account.rows)
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        while month <= last {
            let statement = format!("select ensure_month('log_entries', '{month}')");
            let role = format!("set role {ROLE}");
            sqlx::query(AssertSqlSafe(role))
                .execute(&mut connection)
                .await?;
            sqlx::query(AssertSqlSafe(statement))
                .execute(&mut connection)
                .await?;
            month = month.last_of_month().tomorrow()?;
        }
        sqlx::query("reset role").execute(&mut connection).await?;
        copy(&mut connection, "log_entries", account, rows).await?;
        sqlx::query("analyze").execute(&mut connection).await?;
        Ok(())
    }

    /// COPY of rows into a table with the same columns and the key of a log entry.
    pub(crate) async fn copy(
        &self,
        account: &Account,
        rows: Range<i64>,
    ) -> anyhow::Result<Duration> {
        let mut connection = self.inside().await?;
        sqlx::query("create table copied (like log_entries)")
            .execute(&mut connection)
            .await?;
        sqlx::query("alter table copied add primary key (org_id, connection_id, id)")
            .execute(&mut connection)
            .await?;
        let took = copy(&mut connection, "copied", account, rows).await?;
        sqlx::query("drop table copied")
            .execute(&mut connection)
            .await?;
        Ok(took)
    }
}

/// Answers the time that the server took, not that of making the text.
async fn copy(
    connection: &mut PgConnection,
    table: &str,
    account: &Account,
    rows: Range<i64>,
) -> anyhow::Result<Duration> {
    let mut took = Duration::ZERO;
    let mut first = rows.start;
    while first < rows.end {
        let next = (first + CHUNK).min(rows.end);
        let text = account.text(first..next);
        let started = Instant::now();
        let statement = format!("copy {table} {COLUMNS} from stdin");
        let mut sink = connection.copy_in_raw(&statement).await?;
        sink.send(text.into_bytes()).await?;
        sink.finish().await?;
        took += started.elapsed();
        first = next;
    }
    Ok(took)
}
