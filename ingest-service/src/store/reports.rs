//! What dashboard-api says it has stored, compared with what was published.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId, RunId, facts::v1::Dataset};
use sqlx::{Postgres, Transaction};

use super::{Store, StoreError};
use crate::window::Interval;

/// The stored records of one window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stored {
    /// Of which dataset.
    pub dataset: Dataset,
    /// The window; `None` for a snapshot.
    pub window: Option<Interval>,
    /// Records.
    pub records: i64,
}

impl Store {
    /// Writes what was stored of a window. Where it is less than was published, the window is taken
    /// out of what is covered, and the first time in a row a run is due at once to read it again.
    /// Answers whether it was short.
    pub async fn report_stored(
        &self,
        (org, connection, run): (OrgId, ConnectionId, RunId),
        stored: &Stored,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut tx = self.scoped(org).await?;
        let (from, to) = (
            stored.window.map(|window| window.from),
            stored.window.map(|window| window.to),
        );
        let short = sqlx::query_scalar!(
            r#"update windows w set stored = $6
               from runs r
               where w.org_id = $1 and w.run_id = $2 and w.dataset = $3 and w.state = 'done'
                 and ($4::timestamptz is null or w.window_from = $4) and ($5::timestamptz is null or w.window_to = $5)
                 and r.org_id = w.org_id and r.run_id = w.run_id and r.connection_id = $7
               returning w.distinct_records > $6 as "short!""#,
            org.0,
            run.0,
            stored.dataset.name(),
            super::optional_to_sqlx(from) as _,
            super::optional_to_sqlx(to) as _,
            stored.records,
            connection.0,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let short = short.unwrap_or(false);
        if short {
            let again = sqlx::query_scalar!(
                r#"update dataset_states set short_reports = short_reports + 1,
                       covered = case when $4::timestamptz is null then covered
                                      else covered - tstzmultirange(tstzrange($4, $5)) end,
                       covered_to = case when $4::timestamptz is null then null else covered_to end,
                       completeness = 'partial', reason = 'some records were not stored'
                   where org_id = $1 and connection_id = $2 and dataset = $3
                   returning short_reports as "again!""#,
                org.0,
                connection.0,
                stored.dataset.name(),
                super::optional_to_sqlx(from) as _,
                super::optional_to_sqlx(to) as _,
            )
            .fetch_optional(&mut *tx)
            .await?;
            if again == Some(1) {
                be_due(&mut tx, (org, connection), now).await?;
            }
        }
        tx.commit().await?;
        Ok(short)
    }

    /// Forgets earlier short reports of a dataset that was stored whole.
    pub async fn stored_whole(
        &self,
        org: OrgId,
        connection: ConnectionId,
        dataset: Dataset,
    ) -> Result<(), StoreError> {
        let mut tx = self.scoped(org).await?;
        sqlx::query!(
            "update dataset_states set short_reports = 0
             where org_id = $1 and connection_id = $2 and dataset = $3 and short_reports > 0",
            org.0,
            connection.0,
            dataset.name(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }
}

/// A run is due at once.
async fn be_due(
    tx: &mut Transaction<'static, Postgres>,
    (org, connection): (OrgId, ConnectionId),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update connections set next_run_at = least(next_run_at, $3)
                     where org_id = $1 and connection_id = $2",
        org.0,
        connection.0,
        now.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
