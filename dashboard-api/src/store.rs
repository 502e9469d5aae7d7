//! PostgreSQL: the only place with SQL. Every transaction names its organization first; row-level
//! security hides all others, whatever a query forgets.

mod activities;
pub mod crunch;
mod facts;
pub mod finance;
pub mod groups;
pub mod history;
pub mod idempotency;
pub mod ledger;
mod log_entries;
pub mod notifications;
pub mod overview;
mod people;
pub mod read;
pub mod receipts;
pub mod recommendations;
pub mod recommended;
mod resources;
pub mod rollups;
pub mod seats;
pub mod settings;
mod snapshots;
pub mod upkeep;
pub mod users;
pub mod uses;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::civil::Date;
use proto::OrgId;
use secrecy::{ExposeSecret, SecretString};
use sqlx::{
    PgPool, Postgres, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// The schema this binary was built for.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Connections of one process; consumers, crunch and requests share them.
const POOL_SIZE: u32 = 16;
/// SQLSTATE of a write on a standby.
const READ_ONLY: &str = "25006";
/// Longest wait for a free connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);

/// Longest time the server works on, or waits for a lock in, one of our statements. The longest are
/// those of a crunch.
const STATEMENT_LIMITS: [(&str, &str); 2] =
    [("statement_timeout", "5min"), ("lock_timeout", "30s")];

/// A row or a setting of the database is not what this code has written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database refused or lost a statement")]
    Database(#[from] sqlx::Error),
    #[error("a stored document cannot be read")]
    Document(#[from] serde_json::Error),
    #[error("the computation did not finish: {0}")]
    Crunch(String),
}

impl StoreError {
    /// Whether the database is ill rather than the statement wrong.
    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::Database(error) if crate::consumer::is_trouble(error))
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// The database is not fit to serve from.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    #[error("the role `{0}` is a superuser or bypasses row-level security; use a plain role")]
    Role(String),
    #[error(
        "the schema is older than this binary (migration {0} is missing); run `dashboard-api migrate`"
    )]
    Schema(i64),
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
}

/// The dashboard's database.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    /// Months whose partition is known to exist.
    months: Arc<Mutex<HashSet<(&'static str, Date)>>>,
    /// Connections older than this are not used again.
    distrusted: Distrusted,
}

type Distrusted = Arc<Mutex<Option<Instant>>>;

impl Store {
    /// A pool that connects when it is first used.
    pub fn lazy(url: &SecretString) -> Result<Self, sqlx::Error> {
        let options: PgConnectOptions = url.expose_secret().parse()?;
        let distrusted = Distrusted::default();
        let shared = Arc::clone(&distrusted);
        let pool = PgPoolOptions::new()
            .max_connections(POOL_SIZE)
            .acquire_timeout(ACQUIRE_LIMIT)
            .before_acquire(move |_, connection| {
                let since = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                let fresh = since.is_none_or(|since| connection.age < since.elapsed());
                Box::pin(async move { Ok(fresh) })
            })
            .connect_lazy_with(
                options
                    .application_name("dashboard-api")
                    .options(STATEMENT_LIMITS),
            );
        Ok(Self {
            distrusted,
            ..Self::new(pool)
        })
    }

    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            months: Arc::default(),
            distrusted: Distrusted::default(),
        }
    }

    /// After a demotion the open connections still lead to the server that may not write: none of
    /// them is used again.
    pub fn distrust(&self, error: &StoreError) {
        let demoted = matches!(error, StoreError::Database(sqlx::Error::Database(cause))
            if cause.code().as_deref() == Some(READ_ONLY));
        if demoted {
            let mut since = self
                .distrusted
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *since = Some(Instant::now());
        }
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Applies what is missing of the schema.
    pub async fn migrate(&self) -> Result<(), sqlx::migrate::MigrateError> {
        MIGRATIONS.run(&self.pool).await
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), sqlx::Error> {
        sqlx::query_scalar!(r#"select 1 as "one!""#)
            .fetch_one(&self.pool)
            .await
            .map(drop)
    }

    /// Refuses a role that would see every tenant, and a schema older than the binary.
    pub async fn check_fitness(&self) -> Result<(), Unfit> {
        let role = sqlx::query!(
            r#"select rolname::text as "name!", (rolsuper or rolbypassrls) as "unbound!"
               from pg_roles where rolname = current_user"#
        )
        .fetch_one(&self.pool)
        .await?;
        if role.unbound {
            return Err(Unfit::Role(role.name));
        }
        let applied = self.applied_migrations().await?;
        let missing = MIGRATIONS
            .iter()
            .map(|migration| migration.version)
            .find(|version| !applied.contains(version));
        missing.map_or(Ok(()), |version| Err(Unfit::Schema(version)))
    }

    async fn applied_migrations(&self) -> Result<HashSet<i64>, sqlx::Error> {
        let exists = sqlx::query_scalar!(
            r#"select to_regclass('_sqlx_migrations') is not null as "exists!""#
        )
        .fetch_one(&self.pool)
        .await?;
        if !exists {
            return Ok(HashSet::new());
        }
        // Not checked at compile time: sqlx makes this table itself.
        let versions: Vec<i64> =
            sqlx::query_scalar("select version from _sqlx_migrations where success")
                .fetch_all(&self.pool)
                .await?;
        Ok(versions.into_iter().collect())
    }

    /// A transaction that sees and writes one organization's rows.
    pub async fn begin(&self, org: OrgId) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        enter(&mut tx, org).await?;
        Ok(tx)
    }

    fn month_is_known(&self, table: &'static str, month: Date) -> bool {
        let months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        months.contains(&(table, month))
    }

    fn remember_month(&self, table: &'static str, month: Date) {
        let mut months = self.months.lock().unwrap_or_else(PoisonError::into_inner);
        months.insert((table, month));
    }
}

/// Names the organization until the end of the transaction.
async fn enter(tx: &mut Transaction<'_, Postgres>, org: OrgId) -> Result<(), sqlx::Error> {
    sqlx::query_scalar!(
        r#"select set_config('quolum.org_id', $1, true) as "set!""#,
        org.to_string()
    )
    .fetch_one(&mut **tx)
    .await
    .map(drop)
}
