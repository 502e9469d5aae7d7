//! Rows of consents under way.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, InvitationId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::{
    consent::{Initiator, Pending},
    opaque::OpaqueHash,
    return_to::ReturnTo,
};

/// Keeps a consent that has just been opened.
pub async fn insert(
    db: &mut PgConnection,
    pending: &Pending,
    state: OpaqueHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into consents (org_id, id, person_id, state_hash, binding_hash, verifier, return_to, connection_id,
             traceparent, created_at, expires_at, invitation_id)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        pending.org.0,
        pending.id,
        pending.initiator.person().map(|id| id.0),
        state.as_bytes(),
        pending.binding_hash,
        pending.verifier,
        pending.return_to.as_str(),
        pending.connection.map(|id| id.0),
        pending.traceparent,
        now.to_sqlx() as _,
        pending.expires_at.to_sqlx() as _,
        pending.initiator.invitation().map(|id| id.0)
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
         returning taken.org_id, taken.id, taken.person_id, taken.invitation_id, taken.binding_hash, before.verifier, taken.return_to,
                   taken.connection_id, taken.traceparent, taken.expires_at",
        state.as_bytes(),
        now.to_sqlx() as _
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let initiator = match (row.person_id, row.invitation_id) {
        (Some(person), None) => Initiator::Person(PersonId(person)),
        (None, Some(invitation)) => Initiator::Invitation(InvitationId(invitation)),
        _ => return Err(StoreError::Inconsistent("consents")),
    };
    Ok(Some(Pending {
        id: row.id,
        org: OrgId(row.org_id),
        initiator,
        binding_hash: row.binding_hash,
        verifier: row.verifier.ok_or(StoreError::Inconsistent("consents"))?,
        return_to: ReturnTo::from_store(row.return_to),
        connection: row.connection_id.map(ConnectionId),
        traceparent: row.traceparent,
        expires_at: row.expires_at.to_jiff(),
    }))
}

/// The name or address of whoever began a consent.
pub async fn initiator_name(
    db: &mut PgConnection,
    org: OrgId,
    initiator: Initiator,
) -> Result<String, StoreError> {
    let name = sqlx::query_scalar!(
        "select coalesce(
             (select coalesce(nullif(name, ''), email) from people where id = $2),
             (select email from invitations where org_id = $1 and id = $3), '') as \"name!\"",
        org.0,
        initiator.person().map(|id| id.0),
        initiator.invitation().map(|id| id.0)
    )
    .fetch_one(db)
    .await?;
    Ok(name)
}

/// Writes how a consent ended, also for the invitation it was begun with.
pub async fn set_outcome(
    db: &mut PgConnection,
    org: OrgId,
    id: Uuid,
    outcome: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with ended as (
             update invitations set outcome = $3 where org_id = $1 and consent_id = $2
         )
         update consents set outcome = $3 where org_id = $1 and id = $2",
        org.0,
        id,
        outcome
    )
    .execute(db)
    .await?;
    Ok(())
}
