//! Rows of sign-ins under way at the OpenID Connect provider.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::StoreError;
use crate::{oidc::Pending, opaque::OpaqueHash, return_to::ReturnTo};

/// Keeps a sign-in that has just begun.
pub async fn insert(
    db: &mut PgConnection,
    state: OpaqueHash,
    pending: &Pending,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into oidc_sign_ins (state_hash, binding_hash, return_to, created_at, expires_at)
         values ($1, $2, $3, $4, $5)",
        state.as_bytes(),
        pending.binding_hash,
        pending.return_to.as_str(),
        now.to_sqlx() as _,
        pending.expires_at.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Uses a state up: only one caller ever gets the sign-in.
pub async fn take(
    db: &mut PgConnection,
    state: OpaqueHash,
    now: Timestamp,
) -> Result<Option<Pending>, StoreError> {
    let row = sqlx::query!(
        "update oidc_sign_ins set used_at = $2 where state_hash = $1 and used_at is null
         returning binding_hash, return_to, expires_at",
        state.as_bytes(),
        now.to_sqlx() as _
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Pending {
        binding_hash: row.binding_hash,
        return_to: ReturnTo::from_store(row.return_to),
        expires_at: row.expires_at.to_jiff(),
    }))
}
