//! Connections: whose turn it is, and who holds them.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId};
use uuid::Uuid;

use super::{Store, StoreError};
use crate::lease::Lease;

impl Store {
    /// Puts connections on the schedule that were not on it, due at `first_run_at`.
    pub async fn register(
        &self,
        listed: &[(OrgId, ConnectionId)],
        now: Timestamp,
        first_run_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (orgs, connections): (Vec<Uuid>, Vec<Uuid>) = listed
            .iter()
            .map(|(org, connection)| (org.0, connection.0))
            .unzip();
        let mut tx = self.everywhere().await?;
        sqlx::query!(
            "insert into connections (org_id, connection_id, seen_at, next_run_at)
             select *, $3::timestamptz, $4::timestamptz from unnest($1::uuid[], $2::uuid[])
             on conflict (org_id, connection_id) do update set
                 seen_at = excluded.seen_at,
                 syncable = true,
                 next_run_at = case when connections.syncable then connections.next_run_at
                                    else excluded.next_run_at end",
            &orgs,
            &connections,
            now.to_sqlx(),
            first_run_at.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Takes off the schedule what auth-service did not list when it was asked at `asked_at`, and
    /// ends the runs under way: after a new consent a new one starts.
    pub async fn unlist(
        &self,
        listed: &[ConnectionId],
        asked_at: Timestamp,
    ) -> Result<u64, StoreError> {
        let listed: Vec<Uuid> = listed.iter().map(|id| id.0).collect();
        let mut tx = self.everywhere().await?;
        let unlisted = sqlx::query!(
            "update connections set syncable = false
             where syncable and seen_at < $1 and connection_id <> all($2)
             returning org_id, connection_id",
            asked_at.to_sqlx(),
            &listed,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        for gone in &unlisted {
            let (org, connection) = (OrgId(gone.org_id), ConnectionId(gone.connection_id));
            self.end_runs(org, connection, asked_at).await?;
        }
        Ok(unlisted.len() as u64)
    }

    /// Leases up to `limit` connections that are due and free, the longest waiting first.
    pub async fn claim(
        &self,
        holder: &str,
        now: Timestamp,
        expires_at: Timestamp,
        limit: i64,
    ) -> Result<Vec<Lease>, StoreError> {
        self.claim_among(holder, (now, expires_at), (limit, false))
            .await
    }

    /// The same, but only connections whose history has been read already: fresh data waits for no
    /// backfill.
    pub async fn claim_fresh(
        &self,
        holder: &str,
        now: Timestamp,
        expires_at: Timestamp,
        limit: i64,
    ) -> Result<Vec<Lease>, StoreError> {
        self.claim_among(holder, (now, expires_at), (limit, true))
            .await
    }

    async fn claim_among(
        &self,
        holder: &str,
        (now, expires_at): (Timestamp, Timestamp),
        (limit, only_fresh): (i64, bool),
    ) -> Result<Vec<Lease>, StoreError> {
        let mut tx = self.everywhere().await?;
        let rows = sqlx::query!(
            r#"update connections set lease_holder = $1, lease_fence = lease_fence + 1, lease_expires_at = $3,
                   pace_unknown_until = greatest(pace_unknown_until, lease_expires_at)
               where (org_id, connection_id) in (
                   select org_id, connection_id from connections
                   where syncable and not paused and next_run_at <= $2
                     and (lease_expires_at is null or lease_expires_at <= $2)
                     and (backfilled or not $5)
                   order by next_run_at
                   for update skip locked
                   limit $4)
               returning org_id, connection_id, lease_fence"#,
            holder,
            now.to_sqlx(),
            expires_at.to_sqlx(),
            limit,
            only_fresh,
        )
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let lease = |org_id, connection_id, fence| Lease {
            org: OrgId(org_id),
            connection: ConnectionId(connection_id),
            fence,
        };
        Ok(rows
            .into_iter()
            .map(|row| lease(row.org_id, row.connection_id, row.lease_fence))
            .collect())
    }

    /// Keeps a lease for longer; it is lost when the connection has come off the schedule or was
    /// paused.
    pub async fn renew(&self, lease: &Lease, expires_at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let done = sqlx::query!(
            "update connections set lease_expires_at = $4
             where org_id = $1 and connection_id = $2 and lease_fence = $3 and syncable and not paused",
            lease.org.0,
            lease.connection.0,
            lease.fence,
            expires_at.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        match done.rows_affected() {
            0 => Err(StoreError::LeaseLost(lease.connection)),
            _ => Ok(()),
        }
    }

    /// Gives a lease back, the run left as it is; the next one goes on with it at `next_run_at`
    /// (at once when absent).
    pub async fn release(
        &self,
        lease: &Lease,
        next_run_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "update connections set lease_holder = null, lease_expires_at = null, pace_unknown_until = null,
                 next_run_at = coalesce($3, next_run_at)
             where org_id = $1 and connection_id = $2",
            lease.org.0,
            lease.connection.0,
            super::optional_to_sqlx(next_run_at) as _,
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}
