//! Rows of consents under way.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::{consent::Pending, identity::Member, opaque::OpaqueHash, return_to::ReturnTo};

/// Keeps a consent that has just been opened.
pub async fn insert(
    db: &mut PgConnection,
    pending: &Pending,
    state: OpaqueHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into consents (org_id, id, person_id, state_hash, binding_hash, verifier, return_to, connection_id,
             traceparent, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        pending.member.org.0,
        pending.id,
        pending.member.person.0,
        state.as_bytes(),
        pending.binding_hash,
        pending.verifier,
        pending.return_to.as_str(),
        pending.connection.map(|id| id.0),
        pending.traceparent,
        now.to_sqlx() as _,
        pending.expires_at.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Uses a state up: only one caller ever gets the consent, and the verifier leaves the database.
pub async fn take(
    db: &mut PgConnection,
    state: OpaqueHash,
    now: Timestamp,
) -> Result<Option<Pending>, StoreError> {
    let row = sqlx::query!(
        "update consents taken set used_at = $2, verifier = null
         from (select org_id, id, verifier from consents where state_hash = $1 and used_at is null for update) before
         where taken.org_id = before.org_id and taken.id = before.id
         returning taken.org_id, taken.id, taken.person_id, taken.binding_hash, before.verifier, taken.return_to,
                   taken.connection_id, taken.traceparent, taken.expires_at",
        state.as_bytes(),
        now.to_sqlx() as _
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Pending {
        id: row.id,
        member: Member {
            org: OrgId(row.org_id),
            person: PersonId(row.person_id),
        },
        binding_hash: row.binding_hash,
        verifier: row.verifier.ok_or(StoreError::Inconsistent("consents"))?,
        return_to: ReturnTo::from_store(row.return_to),
        connection: row.connection_id.map(ConnectionId),
        traceparent: row.traceparent,
        expires_at: row.expires_at.to_jiff(),
    }))
}

/// Writes how a consent ended.
pub async fn set_outcome(
    db: &mut PgConnection,
    org: OrgId,
    id: Uuid,
    outcome: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update consents set outcome = $3 where org_id = $1 and id = $2",
        org.0,
        id,
        outcome
    )
    .execute(db)
    .await?;
    Ok(())
}
