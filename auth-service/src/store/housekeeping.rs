//! Forgetting what has ended: links, sessions and consents.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::StoreError;

/// How long an ended row is kept, so that a late click gets a fitting answer.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// How long the key of a mail is known, so that nothing is sent twice.
const MAIL_KEPT: SignedDuration = SignedDuration::from_hours(24 * 400);

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
    sqlx::query!(
        "update invitations i set outcome = 'expired'
         from consents c
         where i.outcome = '' and i.consent_id = c.id and i.org_id = c.org_id and c.outcome = 'expired'"
    )
    .execute(&mut *db)
    .await?;
    forget_mail(&mut *db, now).await?;
    sqlx::query!(
        "delete from oidc_sign_ins where expires_at < $1",
        long_ago as _
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from throttles where started_at < $1",
        (now - KEPT * 2).to_sqlx() as _
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

/// Gives up mail that nobody wants any more, and forgets what was settled long ago.
async fn forget_mail(db: &mut PgConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query!(
        "update outbox set given_up_at = $1, subject = '', body = ''
         where sent_at is null and given_up_at is null and give_up_at <= $1",
        now.to_sqlx() as _
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from outbox where coalesce(sent_at, given_up_at) < $1",
        (now - MAIL_KEPT).to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}
