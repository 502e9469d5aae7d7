//! Rows of the audit log. The database chains them (migration 0011): it gives the number, computes the
//! hash, and refuses every change. The transaction that writes an entry has the organization's chain
//! until it ends: write the entry last.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::audit::{Actor, Recorded, Stored, Subject};

/// One entry of ours. Never holds a secret.
#[derive(Debug)]
pub struct Entry {
    /// The organization.
    pub org: OrgId,
    /// Who acted.
    pub actor: Actor,
    /// What happened, for example `consent.ended`.
    pub action: &'static str,
    /// What it happened to.
    pub subject: Subject,
    /// What else is worth knowing: a JSON object.
    pub detail: Value,
}

/// Appends an entry. The actor's name is looked up, so that the log still tells it when the person
/// has gone.
pub async fn write(db: &mut PgConnection, entry: Entry, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into audit_log (org_id, at, actor, actor_name, action, subject, detail)
         values ($1, $2, $3, coalesce(
             (select coalesce(nullif(name, ''), email) from people where id = $4),
             (select name from api_keys where org_id = $1 and id = $4),
             (select email from invitations where org_id = $1 and id = $4),
             $5::text), $6, $7, $8)",
        entry.org.0,
        now.to_sqlx() as _,
        entry.actor.to_string(),
        entry.actor.id(),
        entry.actor.plain_name(),
        entry.action,
        entry.subject.to_string(),
        entry.detail.to_string()
    )
    .execute(db)
    .await?;
    Ok(())
}

struct Row {
    org_id: Uuid,
    number: i64,
    at: jiff_sqlx::Timestamp,
    actor: String,
    actor_name: String,
    action: String,
    subject: String,
    detail: String,
    hash: Vec<u8>,
}

impl From<Row> for Stored {
    fn from(row: Row) -> Self {
        Self {
            org: OrgId(row.org_id),
            number: row.number,
            at: row.at.to_jiff(),
            told: Recorded {
                actor: row.actor,
                actor_name: row.actor_name,
                action: row.action,
                subject: row.subject,
                detail: row.detail,
            },
            hash: row.hash,
        }
    }
}

/// Appends what another service tells.
pub async fn record(
    db: &mut PgConnection,
    org: OrgId,
    told: &Recorded,
    now: Timestamp,
) -> Result<Stored, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "insert into audit_log (org_id, at, actor, actor_name, action, subject, detail)
         values ($1, $2, $3, $4, $5, $6, $7)
         returning org_id, number, at, actor, actor_name, action, subject, detail, hash",
        org.0,
        now.to_sqlx() as _,
        told.actor,
        told.actor_name,
        told.action,
        told.subject,
        told.detail
    )
    .fetch_one(db)
    .await?;
    Ok(row.into())
}

/// The newest entries with a smaller number, newest first.
pub async fn list(
    db: &mut PgConnection,
    org: OrgId,
    before: i64,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select org_id, number, at, actor, actor_name, action, subject, detail, hash from audit_log
         where org_id = $1 and number < $2 order by number desc limit $3",
        org.0,
        before,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}

/// The oldest entries with a greater number, oldest first.
pub async fn following(
    db: &mut PgConnection,
    org: OrgId,
    after: i64,
    limit: i64,
) -> Result<Vec<Stored>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select org_id, number, at, actor, actor_name, action, subject, detail, hash from audit_log
         where org_id = $1 and number > $2 order by number limit $3",
        org.0,
        after,
        limit
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Stored::from).collect())
}
