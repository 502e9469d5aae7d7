//! The only place with SQL. Every method is one transaction that first names the organization
//! whose rows it may see; what a run writes is also fenced by its lease, so that a process that was
//! stopped and came back cannot write over its successor. No decisions here.

mod capabilities;
mod connections;
mod controls;
mod datasets;
mod pace;
mod reports;
mod runs;
mod webhooks;
mod windows;

use std::time::Duration;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId};
use sqlx::{PgPool, Postgres, Transaction, migrate::Migrator};

use crate::lease::Lease;

pub use datasets::Progress;
pub use reports::Stored;
pub use runs::{NewRun, RunView};

/// The migrations this binary was built with.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Scope of the scheduler, which looks for work in every organization.
const ALL_ORGANIZATIONS: &str = "*";

/// The database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the connection now; whatever this one does is void.
    #[error("the lease of connection {0} was taken over")]
    LeaseLost(ConnectionId),
    /// The unique index on active runs refused a second one.
    #[error("a run of connection {0} is under way")]
    AlreadyRunning(ConnectionId),
    /// A row says something that this version does not know.
    #[error("a row of `{table}` holds `{value}`, which is not known here")]
    Inconsistent {
        /// Where it stands.
        table: &'static str,
        /// What it says.
        value: String,
    },
    /// The connection or the statement failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// No answer came in time.
    #[error("the database did not answer in time")]
    Silent,
}

/// Longest time one of our transactions may take, seen from here: a database that has gone without a
/// word tells nobody.
const DEADLINE: Duration = Duration::from_secs(15);

/// Bounds a call on the store.
pub async fn within<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    match tokio::time::timeout(DEADLINE, call).await {
        Ok(answer) => answer,
        Err(_) => Err(StoreError::Silent),
    }
}

/// The schema is not the one this binary needs.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Migrations are missing.
    #[error(
        "the schema is at version {found}, this binary needs {needed}: run `ingest-service migrate`"
    )]
    Older {
        /// Newest migration applied, 0 when there is none.
        found: i64,
        /// Newest migration embedded.
        needed: i64,
    },
    /// It could not be asked.
    #[error("the schema version cannot be read")]
    Database(#[from] sqlx::Error),
}

/// The database `ingest`.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
}

impl Store {
    /// On this pool.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Answers when the database does.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Refuses a schema older than this binary.
    pub async fn require_schema(&self) -> Result<(), SchemaError> {
        const UNDEFINED_TABLE: &str = "42P01";
        let needed = MIGRATIONS.iter().map(|one| one.version).max().unwrap_or(0);
        let newest: Result<Option<i64>, sqlx::Error> =
            sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
                .fetch_one(&self.pool)
                .await;
        let found = match newest {
            Ok(version) => version.unwrap_or(0),
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(UNDEFINED_TABLE) =>
            {
                0
            }
            Err(error) => return Err(error.into()),
        };
        if found < needed {
            return Err(SchemaError::Older { found, needed });
        }
        Ok(())
    }

    async fn scoped(
        &self,
        organization: OrgId,
    ) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.in_scope(&organization.to_string()).await
    }

    async fn everywhere(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        self.in_scope(ALL_ORGANIZATIONS).await
    }

    async fn in_scope(&self, scope: &str) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("select set_config('quolum.org_id', $1, true)")
            .bind(scope)
            .execute(&mut *tx)
            .await?;
        Ok(tx)
    }

    /// A transaction in which the lease is known to be the newest until it ends.
    async fn fenced(&self, lease: &Lease) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let held = sqlx::query_scalar!(
            r#"select lease_fence from connections
               where org_id = $1 and connection_id = $2 and lease_fence = $3 for no key update"#,
            lease.org.0,
            lease.connection.0,
            lease.fence,
        )
        .fetch_optional(&mut *tx)
        .await?;
        match held {
            Some(_) => Ok(tx),
            None => Err(StoreError::LeaseLost(lease.connection)),
        }
    }
}

fn optional(at: Option<jiff_sqlx::Timestamp>) -> Option<Timestamp> {
    at.map(jiff_sqlx::Timestamp::to_jiff)
}

fn optional_to_sqlx(at: Option<Timestamp>) -> Option<jiff_sqlx::Timestamp> {
    at.map(ToSqlx::to_sqlx)
}
