//! Runs: one synchronization of one connection each, at most one of them under way.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId, RunId, topology::Lane};
use sqlx::{Postgres, Transaction};

use super::{Store, StoreError, optional};
use crate::{
    lease::Lease,
    run::{Outcome, Run, RunState},
};

/// A run about to be written.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Now; `as_of` is its whole second.
    pub now: Timestamp,
    /// W3C trace context of whoever asked.
    pub traceparent: Option<String>,
}

/// A run as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    /// Its id.
    pub id: RunId,
    /// Where it stands.
    pub state: RunState,
    /// The instant it speaks for.
    pub as_of: Timestamp,
    /// When work began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Public words.
    pub reason: String,
    /// Requests sent to PagerDuty.
    pub requests: i64,
    /// 429 answers met.
    pub rate_limited: i64,
    /// When the next one is due.
    pub next_run_at: Option<Timestamp>,
    /// It waits to be resumed.
    pub paused: bool,
}

impl Store {
    /// Writes a queued run, due at once.
    pub async fn enqueue(
        &self,
        org: OrgId,
        connection: ConnectionId,
        run: &NewRun,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(org).await?;
        sqlx::query!(
            r#"insert into connections (org_id, connection_id, seen_at, next_run_at) values ($1, $2, $3, $3)
               on conflict (org_id, connection_id) do update set
                   seen_at = excluded.seen_at, syncable = true, next_run_at = excluded.next_run_at"#,
            org.0,
            connection.0,
            run.now.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        insert(&mut tx, org, connection, run).await?;
        Ok(tx.commit().await?)
    }

    /// The run under way of a leased connection, else a new one; either way it is running now.
    pub async fn begin(&self, lease: &Lease, new: &NewRun) -> Result<Run, StoreError> {
        let mut tx = self.fenced(lease).await?;
        let active = sqlx::query_scalar!(
            "select run_id from runs
             where org_id = $1 and connection_id = $2 and state in ('queued', 'running')",
            lease.org.0,
            lease.connection.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        if active.is_none() {
            insert(&mut tx, lease.org, lease.connection, new).await?;
        }
        let id = active.unwrap_or(new.id.0);
        let row = sqlx::query!(
            "update runs set state = 'running', started_at = coalesce(started_at, $3)
             where org_id = $1 and run_id = $2 returning as_of, lane, traceparent",
            lease.org.0,
            id,
            new.now.to_sqlx(),
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Run {
            id: RunId(id),
            as_of: row.as_of.to_jiff(),
            started_at: new.now,
            lane: lane_from(&row.lane)?,
            traceparent: row.traceparent,
        })
    }

    /// Ends a run and gives its lease back. `next_run_at` absent takes the connection off the
    /// schedule until auth-service lists it again.
    pub async fn finish(
        &self,
        lease: &Lease,
        run: RunId,
        outcome: &Outcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "update runs set state = $3, reason = $4, finished_at = $5 where org_id = $1 and run_id = $2",
            lease.org.0,
            run.0,
            outcome.state.name(),
            outcome.reason,
            now.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update connections set lease_holder = null, lease_expires_at = null, pace_unknown_until = null,
                 next_run_at = coalesce($3, next_run_at), syncable = syncable and $4,
                 backfilled = backfilled or $5
             where org_id = $1 and connection_id = $2",
            lease.org.0,
            lease.connection.0,
            super::optional_to_sqlx(outcome.next_run_at) as _,
            outcome.next_run_at.is_some(),
            outcome.caught_up,
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Ends what is under way of a connection that came off the schedule.
    pub(super) async fn end_runs(
        &self,
        org: OrgId,
        connection: ConnectionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(org).await?;
        sqlx::query!(
            "update runs set state = 'failed', finished_at = $3,
                 reason = 'the connection to PagerDuty has ended'
             where org_id = $1 and connection_id = $2 and state in ('queued', 'running')",
            org.0,
            connection.0,
            now.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Deletes runs that ended before `cutoff`, the newest one of the connection excepted.
    pub async fn forget_runs(
        &self,
        lease: &Lease,
        newest: RunId,
        cutoff: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        sqlx::query!(
            "delete from runs where org_id = $1 and connection_id = $2 and run_id <> $3 and finished_at < $4",
            lease.org.0,
            lease.connection.0,
            newest.0,
            cutoff.to_sqlx(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// The newest run of a connection.
    pub async fn newest_run(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Option<RunView>, StoreError> {
        let newest = self.runs(org, connection, Timestamp::MAX, 1).await?;
        Ok(newest.into_iter().next())
    }

    /// Runs of a connection that were made before an instant, newest first.
    pub async fn runs(
        &self,
        org: OrgId,
        connection: ConnectionId,
        before: Timestamp,
        limit: i64,
    ) -> Result<Vec<RunView>, StoreError> {
        let mut tx = self.scoped(org).await?;
        let before = (before < Timestamp::MAX).then_some(before);
        let rows = sqlx::query!(
            r#"select run_id, state, as_of, started_at, finished_at, reason, requests, rate_limited, c.paused,
                   case when c.syncable and not c.paused then c.next_run_at end as next_run_at
               from runs join connections c using (org_id, connection_id)
               where org_id = $1 and connection_id = $2
                 and ($3::timestamptz is null or coalesce(started_at, created_at) < $3)
               order by created_at desc, run_id desc limit $4"#,
            org.0,
            connection.0,
            super::optional_to_sqlx(before) as _,
            limit,
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let state = RunState::from_name(&row.state).ok_or_else(|| unknown(&row.state))?;
                Ok(RunView {
                    id: RunId(row.run_id),
                    state,
                    as_of: row.as_of.to_jiff(),
                    started_at: optional(row.started_at),
                    finished_at: optional(row.finished_at),
                    reason: row.reason,
                    requests: row.requests,
                    rate_limited: row.rate_limited,
                    next_run_at: optional(row.next_run_at).filter(|_| state.is_final()),
                    paused: row.paused && !state.is_final(),
                })
            })
            .collect()
    }
}

/// The first run goes to the backfill lane: nothing of the connection has been covered yet.
async fn insert(
    tx: &mut Transaction<'static, Postgres>,
    org: OrgId,
    connection: ConnectionId,
    run: &NewRun,
) -> Result<(), StoreError> {
    let as_of = Timestamp::from_second(run.now.as_second()).unwrap_or(run.now);
    let inserted = sqlx::query!(
        "insert into runs (org_id, run_id, connection_id, state, lane, as_of, created_at, traceparent)
         select $1, $2, $3, 'queued',
                case when (select backfilled from connections where org_id = $1 and connection_id = $3)
                     then 'live' else 'backfill' end,
                $4, $5, $6
         on conflict (org_id, connection_id) where state in ('queued', 'running') do nothing",
        org.0,
        run.id.0,
        connection.0,
        as_of.to_sqlx(),
        run.now.to_sqlx(),
        run.traceparent.as_deref(),
    )
    .execute(&mut **tx)
    .await?;
    match inserted.rows_affected() {
        0 => Err(StoreError::AlreadyRunning(connection)),
        _ => Ok(()),
    }
}

fn lane_from(name: &str) -> Result<Lane, StoreError> {
    match name {
        "live" => Ok(Lane::Live),
        "backfill" => Ok(Lane::Backfill),
        _ => Err(unknown(name)),
    }
}

fn unknown(value: &str) -> StoreError {
    StoreError::Inconsistent {
        table: "runs",
        value: value.to_owned(),
    }
}
