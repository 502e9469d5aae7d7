//! What a connection has used of PagerDuty's limits, kept beside its lease.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;

use super::{Store, StoreError, optional};
use crate::{lease::Lease, rate::PaceRecord};

impl Store {
    /// Where the last holder stopped.
    pub async fn pace(&self, lease: &Lease) -> Result<PaceRecord, StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let row = sqlx::query!(
            "select pace_seconds, pace_counts, pace_saved_at, pace_unknown_until, analytics_day, analytics_spent
             from connections where org_id = $1 and connection_id = $2",
            lease.org.0,
            lease.connection.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(PaceRecord {
            permits: row.pace_seconds.into_iter().zip(row.pace_counts).collect(),
            saved_at: optional(row.pace_saved_at),
            unknown_until: optional(row.pace_unknown_until),
            analytics_day: row.analytics_day,
            analytics_spent: row.analytics_spent,
        })
    }

    /// Writes how far this holder has come.
    pub async fn save_pace(
        &self,
        lease: &Lease,
        record: &PaceRecord,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (seconds, counts): (Vec<i64>, Vec<i32>) = record.permits.iter().copied().unzip();
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "update connections set pace_seconds = $3, pace_counts = $4, pace_saved_at = $5,
                 analytics_day = $6, analytics_spent = $7
             where org_id = $1 and connection_id = $2",
            lease.org.0,
            lease.connection.0,
            &seconds,
            &counts,
            now.to_sqlx(),
            record.analytics_day,
            record.analytics_spent,
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}
