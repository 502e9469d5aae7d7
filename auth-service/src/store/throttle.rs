//! How often something was done lately.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use sqlx::PgConnection;

use super::StoreError;

/// At most `times` in each window of length `within`.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How often.
    pub times: i32,
    /// The window, from its first use.
    pub within: SignedDuration,
}

/// Counts one use of `bucket`; false when that is too many. The bucket stays locked until the
/// transaction ends. Its name must hold no address and no secret.
pub async fn take(
    db: &mut PgConnection,
    bucket: &str,
    limit: Limit,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let used = sqlx::query_scalar!(
        "insert into throttles as t (bucket, started_at, used) values ($1, $2, 1)
         on conflict (bucket) do update set
             started_at = case when t.started_at <= $3 then $2 else t.started_at end,
             used = case when t.started_at <= $3 then 1 else t.used + 1 end
         returning used",
        bucket,
        now.to_sqlx() as _,
        (now - limit.within).to_sqlx() as _
    )
    .fetch_one(db)
    .await?;
    Ok(used <= limit.times)
}
