//! Which vault key sealed what, how often each has been used, and sealing rows anew.
//!
//! Every sealed column of the database is listed in [`SEALED`]; a column that is missing there would be
//! forgotten by a rotation.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::StoreError;
use crate::vault::Field;

/// A column with sealed values.
#[derive(Debug, Clone, Copy)]
pub struct Sealed {
    /// Its table; the key is (org_id, `row`).
    table: &'static str,
    /// The column that names the row in the associated data.
    row: &'static str,
    column: &'static str,
    /// What it holds.
    pub field: Field,
}

/// All of them.
pub const SEALED: [Sealed; 5] = [
    Sealed::of_grants("access_token", Field::AccessToken),
    Sealed::of_grants("refresh_token", Field::RefreshToken),
    Sealed::of_grants("previous_refresh_token", Field::PreviousRefreshToken),
    Sealed {
        table: "consents",
        row: "id",
        column: "verifier",
        field: Field::Verifier,
    },
    Sealed {
        table: "connection_keys",
        row: "connection_id",
        column: "sealed",
        field: Field::ConnectionKey,
    },
];

impl Sealed {
    const fn of_grants(column: &'static str, field: Field) -> Self {
        Self {
            table: "grants",
            row: "connection_id",
            column,
            field,
        }
    }

    /// The id of the key stands in front of the value.
    fn key_id(&self) -> String {
        let column = self.column;
        format!("convert_from(substring({column} from 2 for get_byte({column}, 0)), 'UTF8')")
    }
}

/// A sealed value and where it lives.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Value {
    /// The organization.
    pub org_id: Uuid,
    /// The row.
    pub row_id: Uuid,
    /// The value.
    pub sealed: Vec<u8>,
}

impl Value {
    /// The organization.
    pub fn org(&self) -> OrgId {
        OrgId(self.org_id)
    }
}

/// How many values each key has sealed, in one column.
pub async fn counts(
    db: &mut PgConnection,
    column: Sealed,
) -> Result<Vec<(String, i64)>, StoreError> {
    let (key, table, name) = (column.key_id(), column.table, column.column);
    let sql = format!("select {key}, count(*) from {table} where {name} is not null group by 1");
    Ok(sqlx::query_as(AssertSqlSafe(sql)).fetch_all(db).await?)
}

/// Values of a column that another key than `active` has sealed, locked; those that somebody else
/// holds are left for the next time.
pub async fn stale(
    db: &mut PgConnection,
    column: Sealed,
    active: &str,
    limit: i64,
) -> Result<Vec<Value>, StoreError> {
    let Sealed {
        table,
        row,
        column: name,
        ..
    } = column;
    let key = column.key_id();
    let sql = format!(
        "select org_id, {row} as row_id, {name} as sealed from {table}
         where {name} is not null and {key} <> $1 limit $2 for update skip locked"
    );
    let query = sqlx::query_as(AssertSqlSafe(sql)).bind(active).bind(limit);
    Ok(query.fetch_all(db).await?)
}

/// Replaces a locked value.
pub async fn replace(
    db: &mut PgConnection,
    column: Sealed,
    value: &Value,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let Sealed {
        table,
        row,
        column: name,
        ..
    } = column;
    let sql =
        format!("update {table} set {name} = $3 where org_id = $1 and {row} = $2 and {name} = $4");
    let query = sqlx::query(AssertSqlSafe(sql))
        .bind(value.org_id)
        .bind(value.row_id)
        .bind(sealed)
        .bind(&value.sealed);
    query.execute(db).await?;
    Ok(())
}

/// Takes `count` encryptions of a key out of its `limit`. False: so many are not left.
pub async fn reserve(
    db: &mut PgConnection,
    key: &str,
    (count, limit): (i64, i64),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "insert into vault_keys (id, encryptions, first_used_at, last_used_at) values ($1, $2, $4, $4)
         on conflict (id) do update set encryptions = vault_keys.encryptions + $2, last_used_at = $4
         where vault_keys.encryptions + $2 <= $3",
        key,
        count,
        limit,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// How many encryptions of each key have been taken.
pub async fn reserved(db: &mut PgConnection) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query!("select id, encryptions from vault_keys order by id")
        .fetch_all(db)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.id, row.encryptions))
        .collect())
}

/// The sealed key of a connection.
pub async fn find_connection_key(
    db: &mut PgConnection,
    org: OrgId,
    connection: Uuid,
) -> Result<Option<(Uuid, Vec<u8>)>, StoreError> {
    let row = sqlx::query!(
        "select id, sealed from connection_keys where org_id = $1 and connection_id = $2",
        org.0,
        connection
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| (row.id, row.sealed)))
}

/// Keeps the first key of a connection; whoever comes second uses the first one's.
pub async fn insert_connection_key(
    db: &mut PgConnection,
    (org, connection): (OrgId, Uuid),
    (id, sealed): (Uuid, &[u8]),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into connection_keys (org_id, connection_id, id, sealed, created_at) values ($1, $2, $3, $4, $5)
         on conflict do nothing",
        org.0,
        connection,
        id,
        sealed,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Destroys the key of a connection, and with it everything sealed with it.
pub async fn delete_connection_key(
    db: &mut PgConnection,
    org: OrgId,
    connection: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from connection_keys where org_id = $1 and connection_id = $2",
        org.0,
        connection
    )
    .execute(db)
    .await?;
    Ok(())
}
