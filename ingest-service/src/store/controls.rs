//! What a person may do to the runs of a connection.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId};

use super::{Store, StoreError};

impl Store {
    /// Nothing is asked of PagerDuty from now on. Answers whether the connection is known.
    pub async fn pause(&self, org: OrgId, connection: ConnectionId) -> Result<bool, StoreError> {
        let mut tx = self.scoped(org).await?;
        let done = sqlx::query!(
            "update connections set paused = true where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends a pause; what was under way goes on at once.
    pub async fn resume(
        &self,
        org: OrgId,
        connection: ConnectionId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.scoped(org).await?;
        let done = sqlx::query!(
            "update connections c set paused = false,
                 next_run_at = case when exists (
                     select from runs r where r.org_id = c.org_id and r.connection_id = c.connection_id
                        and r.state in ('queued', 'running'))
                 then least($3, next_run_at) else next_run_at end
             where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
            now.to_sqlx() as _,
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected() > 0)
    }

    /// Ends the run under way and fences its worker out; what it has closed stays. Answers whether
    /// there was one.
    pub async fn cancel(
        &self,
        org: OrgId,
        connection: ConnectionId,
        now: Timestamp,
        next_run_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.scoped(org).await?;
        // The connection first, as every writer does: whoever holds it waits or is refused.
        sqlx::query!(
            "update connections set lease_fence = lease_fence + 1, lease_holder = null,
                 pace_unknown_until = greatest(pace_unknown_until, lease_expires_at), lease_expires_at = null
             where org_id = $1 and connection_id = $2
               and exists (select from runs where org_id = $1 and connection_id = $2 and state in ('queued', 'running'))",
            org.0,
            connection.0,
        )
        .execute(&mut *tx)
        .await?;
        let done = sqlx::query!(
            "update runs set state = 'cancelled', reason = 'cancelled', finished_at = $3
             where org_id = $1 and connection_id = $2 and state in ('queued', 'running')",
            org.0,
            connection.0,
            now.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        sqlx::query!(
            "update connections set next_run_at = $3 where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
            next_run_at.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether a person has paused the connection.
    pub async fn is_paused(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<bool, StoreError> {
        let mut tx = self.scoped(org).await?;
        let paused = sqlx::query_scalar!(
            "select paused from connections where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        Ok(paused.unwrap_or(false))
    }
}
