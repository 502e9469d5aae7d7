//! Forgetting what has ended: links, sessions and consents.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::StoreError;

/// How long an ended row is kept, so that a late click gets a fitting answer.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Destroys the verifiers of consents that nobody came back from, and deletes rows that ended more
/// than a day ago. Answers how many rows were deleted.
pub async fn sweep(db: &mut PgConnection, now: Timestamp) -> Result<u64, StoreError> {
    let long_ago = (now - KEPT).to_sqlx();
    sqlx::query!(
        "update consents set verifier = null, used_at = $1, outcome = 'expired'
         where used_at is null and expires_at <= $1",
        now.to_sqlx() as _
    )
    .execute(&mut *db)
    .await?;
    let consents = sqlx::query!("delete from consents where expires_at < $1", long_ago as _)
        .execute(&mut *db)
        .await?;
    let links = sqlx::query!(
        "delete from sign_in_links where expires_at < $1",
        long_ago as _
    )
    .execute(&mut *db)
    .await?;
    let sessions = sqlx::query!("delete from sessions where expires_at < $1", long_ago as _)
        .execute(&mut *db)
        .await?;
    Ok(consents.rows_affected() + links.rows_affected() + sessions.rows_affected())
}
