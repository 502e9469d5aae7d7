//! Keys of requests that must not be done twice.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use proto::OrgId;

use super::{Result, Store};

/// How long a key is remembered.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// A request that has not been answered for so long has died with its process.
const DEAD: SignedDuration = SignedDuration::from_mins(2);

#[derive(Debug, Clone)]
pub struct KeyOf {
    pub org: OrgId,
    pub actor: String,
    pub key: String,
    /// Hash of what is asked.
    pub request: Vec<u8>,
}

/// An answer that was given.
#[derive(Debug, Clone)]
pub struct Kept {
    pub status: u16,
    pub content_type: String,
    pub body: Vec<u8>,
}

/// Whether a request is the first of its key.
#[derive(Debug, Clone)]
pub enum First {
    Yes,
    /// The first is still being answered.
    Running,
    /// The key belongs to another request.
    Other,
    Answered(Kept),
}

impl Store {
    pub async fn claim_key(&self, of: &KeyOf, now: Timestamp) -> Result<First> {
        let mut tx = self.begin(of.org).await?;
        sqlx::query!(
            "delete from idempotency_keys where org_id = $1
                 and (created_at < $2 or (status is null and created_at < $3))",
            of.org.0,
            (now - KEPT).to_sqlx() as _,
            (now - DEAD).to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        let claimed = sqlx::query!(
            "insert into idempotency_keys (org_id, actor, key, request, created_at)
             values ($1, $2, $3, $4, $5) on conflict do nothing",
            of.org.0,
            of.actor,
            of.key,
            of.request,
            now.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        let row = sqlx::query!(
            "select request, status, content_type, body from idempotency_keys
             where org_id = $1 and actor = $2 and key = $3",
            of.org.0,
            of.actor,
            of.key,
        )
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(match row {
            _ if claimed.rows_affected() > 0 => First::Yes,
            None => First::Running,
            Some(row) if row.request != of.request => First::Other,
            Some(row) => match row.status {
                None => First::Running,
                Some(status) => First::Answered(Kept {
                    status: u16::try_from(status).unwrap_or(200),
                    content_type: row.content_type.unwrap_or_default(),
                    body: row.body.unwrap_or_default(),
                }),
            },
        })
    }

    pub async fn keep_answer(&self, of: &KeyOf, kept: &Kept) -> Result<()> {
        let mut tx = self.begin(of.org).await?;
        sqlx::query!(
            "update idempotency_keys set status = $4, content_type = $5, body = $6
             where org_id = $1 and actor = $2 and key = $3",
            of.org.0,
            of.actor,
            of.key,
            i32::from(kept.status),
            kept.content_type,
            kept.body,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The request was refused: its key may be used again.
    pub async fn release_key(&self, of: &KeyOf) -> Result<()> {
        let mut tx = self.begin(of.org).await?;
        sqlx::query!(
            "delete from idempotency_keys where org_id = $1 and actor = $2 and key = $3",
            of.org.0,
            of.actor,
            of.key,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
