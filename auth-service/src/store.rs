//! The only place with SQL. A domain function opens a transaction here, for one organization or for
//! all, calls the queries of the submodules inside it and commits; nothing else is ever awaited in
//! between.

use std::time::Duration;

use chassis::Code;
use proto::OrgId;
use sqlx::{PgPool, Postgres, Transaction, migrate::Migrator};

pub mod api_key;
pub mod audit;
pub mod connection;
pub mod consent;
pub mod grant;
pub mod housekeeping;
pub mod identity;
pub mod invitation;
pub mod keys;
pub mod member;
pub mod oidc;
pub mod outbox;
pub mod throttle;

/// The schema.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Longest time a readiness probe waits.
const PING_LIMIT: Duration = Duration::from_millis(900);

/// The `auth` database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
}

/// The database failed us.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A statement or the connection failed.
    #[error("the database could not do it")]
    Database(#[from] sqlx::Error),
    /// A row holds what no code of ours writes.
    #[error("a row of `{0}` is inconsistent")]
    Inconsistent(&'static str),
}

impl StoreError {
    /// An ill or absent database may be better the next time; everything else is our mistake.
    pub fn code(&self) -> Code {
        match self {
            Self::Database(
                sqlx::Error::Io(_)
                | sqlx::Error::Tls(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed,
            ) => Code::Unavailable,
            Self::Database(sqlx::Error::Database(error))
                if is_transient(error.code().as_deref()) =>
            {
                Code::Unavailable
            }
            Self::Database(_) | Self::Inconsistent(_) => Code::Internal,
        }
    }
}

/// Connection trouble, shutdown, read-only after a failover, deadlock, out of resources.
fn is_transient(sqlstate: Option<&str>) -> bool {
    let classes = ["08", "53", "57P", "25006", "40"];
    sqlstate.is_some_and(|state| classes.iter().any(|class| state.starts_with(class)))
}

impl Store {
    /// Over an open pool.
    pub fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// A transaction that sees one organization.
    pub async fn tenant(&self, org: OrgId) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query!(
            "select set_config('quolum.org_id', $1, true) as set",
            org.to_string()
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(tx)
    }

    /// A transaction that sees every organization: for work that starts from a secret or a clock.
    pub async fn all_organizations(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query!("select set_config('quolum.all_organizations', 'on', true) as set")
            .fetch_one(&mut *tx)
            .await?;
        Ok(tx)
    }

    /// Whether the database answers, for the readiness probe.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let ping = sqlx::query!("select 1 as one").fetch_one(&self.pool);
        let answer = tokio::time::timeout(PING_LIMIT, ping).await;
        answer.map_err(|_| sqlx::Error::PoolTimedOut)?.map(drop)?;
        Ok(())
    }

    /// Brings the schema up to date.
    pub async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        MIGRATIONS.run(&self.pool).await
    }

    /// The migrations of this binary that the database does not have yet.
    pub async fn missing_migrations(&self) -> Result<Vec<i64>, StoreError> {
        // Not checked at compile time: the table is made by the migrator itself.
        let exists: bool = sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null")
            .fetch_one(&self.pool)
            .await?;
        let applied: Vec<i64> = if exists {
            sqlx::query_scalar("select version from _sqlx_migrations where success")
                .fetch_all(&self.pool)
                .await?
        } else {
            Vec::new()
        };
        let known = MIGRATIONS.iter().map(|migration| migration.version);
        Ok(known.filter(|version| !applied.contains(version)).collect())
    }
}
