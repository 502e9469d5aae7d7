//! The audit log: written in the same transaction as what it tells.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;

/// One entry. Never holds a secret.
#[derive(Debug)]
pub struct Entry {
    /// The organization.
    pub org: OrgId,
    /// A person's id, or the name of the service that acted.
    pub actor: String,
    /// What happened, for example `consent.connected`.
    pub action: &'static str,
    /// The connection it happened to.
    pub connection: Option<ConnectionId>,
    /// What else is worth knowing.
    pub detail: Value,
}

/// Appends an entry.
pub async fn write(db: &mut PgConnection, entry: Entry, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into audit_log (org_id, id, at, actor, action, connection_id, detail)
         values ($1, $2, $3, $4, $5, $6, $7)",
        entry.org.0,
        Uuid::now_v7(),
        now.to_sqlx() as _,
        entry.actor,
        entry.action,
        entry.connection.map(|id| id.0),
        entry.detail
    )
    .execute(db)
    .await?;
    Ok(())
}
