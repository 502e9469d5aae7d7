//! Windows: the checkpoint. A window is done only after the broker has confirmed its pages and its
//! receipt; whatever is still planned is fetched again from its first page.

use jiff_sqlx::ToSqlx;
use proto::{RunId, facts::v1::Dataset};
use sqlx::{Postgres, Transaction};

use super::{Store, StoreError};
use crate::{
    lease::Lease,
    run::{Spent, Tally},
    window::{Interval, Planned},
};

impl Store {
    /// Writes the plan of a run; a plan already written stays as it is.
    pub async fn plan(
        &self,
        lease: &Lease,
        run: RunId,
        windows: &[Planned],
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        let planned = sqlx::query_scalar!(
            r#"select exists (select from windows where org_id = $1 and run_id = $2) as "planned!""#,
            lease.org.0,
            run.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        if !planned {
            insert(&mut tx, lease, run, windows).await?;
        }
        Ok(tx.commit().await?)
    }

    /// What is left to fetch in a run.
    pub async fn open_windows(
        &self,
        lease: &Lease,
        run: RunId,
    ) -> Result<Vec<Planned>, StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let rows = sqlx::query!(
            "select dataset, window_from, window_to from windows
             where org_id = $1 and run_id = $2 and state = 'planned'",
            lease.org.0,
            run.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let dataset = Dataset::from_name(&row.dataset);
                Ok(Planned {
                    dataset: dataset.ok_or_else(|| StoreError::Inconsistent {
                        table: "windows",
                        value: row.dataset.clone(),
                    })?,
                    interval: Interval {
                        from: row.window_from.to_jiff(),
                        to: row.window_to.to_jiff(),
                    },
                })
            })
            .collect()
    }

    /// Writes how far a window has come, and adds the requests it has cost since the last time.
    pub async fn progress(
        &self,
        lease: &Lease,
        run: RunId,
        window: Planned,
        tally: &Tally,
    ) -> Result<(), StoreError> {
        self.write(lease, run, window, (tally, "planned")).await
    }

    /// Closes a window, and says in the same breath whether its time is covered: a whole window
    /// adds to what is known, one that came short takes exactly its own interval away.
    pub async fn complete(
        &self,
        lease: &Lease,
        run: RunId,
        window: Planned,
        tally: &Tally,
    ) -> Result<(), StoreError> {
        self.write(lease, run, window, (tally, "done")).await
    }

    /// Gives a window up for this run: it could not be read.
    pub async fn fail(
        &self,
        lease: &Lease,
        run: RunId,
        window: Planned,
        tally: &Tally,
    ) -> Result<(), StoreError> {
        self.write(lease, run, window, (tally, "failed")).await
    }

    /// Leaves what is still planned of a dataset to the next run.
    pub async fn postpone(
        &self,
        lease: &Lease,
        run: RunId,
        dataset: Dataset,
        failed: bool,
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "update windows set state = $4
             where org_id = $1 and run_id = $2 and dataset = $3 and state = 'planned'",
            lease.org.0,
            run.0,
            dataset.name(),
            if failed { "failed" } else { "later" },
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// Takes what is still planned of a dataset off the plan.
    pub async fn unplan(
        &self,
        lease: &Lease,
        run: RunId,
        dataset: Dataset,
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "delete from windows
             where org_id = $1 and run_id = $2 and dataset = $3 and state = 'planned'",
            lease.org.0,
            run.0,
            dataset.name(),
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    async fn write(
        &self,
        lease: &Lease,
        run: RunId,
        window: Planned,
        (tally, state): (&Tally, &str),
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "update windows set expected = $6, received = $7, unreadable = $8, pages = $9,
                 requests = requests + $10, state = $11, distinct_records = $12,
                 rate_limited = rate_limited + $13, retries = retries + $14
             where org_id = $1 and run_id = $2 and dataset = $3 and window_from = $4 and window_to = $5",
            lease.org.0,
            run.0,
            window.dataset.name(),
            window.interval.from.to_sqlx(),
            window.interval.to.to_sqlx(),
            tally.expected,
            tally.received,
            tally.unreadable,
            tally.pages as i32,
            tally.spent.requests,
            state,
            tally.distinct,
            tally.spent.rate_limited,
            tally.spent.retries,
        )
        .execute(&mut *tx)
        .await?;
        add_spent(&mut tx, lease, run, tally.spent).await?;
        if state == "done" && window.dataset.is_windowed() {
            cover(&mut tx, (lease, run), window, tally.is_whole()).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Replaces a window by its parts.
    pub async fn split(
        &self,
        lease: &Lease,
        run: RunId,
        (window, parts): (Planned, &[Planned]),
        tally: &Tally,
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "update windows set state = 'split', expected = $6, received = 0, pages = 0, unreadable = 0,
                 requests = requests + $7, rate_limited = rate_limited + $8, retries = retries + $9
             where org_id = $1 and run_id = $2 and dataset = $3 and window_from = $4 and window_to = $5",
            lease.org.0,
            run.0,
            window.dataset.name(),
            window.interval.from.to_sqlx(),
            window.interval.to.to_sqlx(),
            tally.expected,
            tally.spent.requests,
            tally.spent.rate_limited,
            tally.spent.retries,
        )
        .execute(&mut *tx)
        .await?;
        insert(&mut tx, lease, run, parts).await?;
        add_spent(&mut tx, lease, run, tally.spent).await?;
        Ok(tx.commit().await?)
    }

    /// Adds requests that belong to no window any more.
    pub async fn add_spent(
        &self,
        lease: &Lease,
        run: RunId,
        spent: Spent,
    ) -> Result<(), StoreError> {
        if spent == Spent::default() {
            return Ok(());
        }
        let mut tx = self.fenced(lease).await?;
        add_spent(&mut tx, lease, run, spent).await?;
        Ok(tx.commit().await?)
    }

    /// Receipts published by a run so far.
    pub async fn receipts(&self, lease: &Lease, run: RunId) -> Result<i64, StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let count = sqlx::query_scalar!(
            r#"select count(*) as "count!" from windows where org_id = $1 and run_id = $2 and state = 'done'"#,
            lease.org.0,
            run.0,
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(count)
    }
}

/// Adds a window to what is covered of its history, or takes it away. What lies ahead of the run is
/// foresight, not history.
async fn cover(
    tx: &mut Transaction<'static, Postgres>,
    (lease, run): (&Lease, RunId),
    window: Planned,
    whole: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"insert into dataset_states (org_id, connection_id, dataset, completeness, decided_by, covered)
           select $1, $2, $3, 'pending', $4,
                  case when $7 then tstzmultirange(tstzrange($5, $6)) else '{}'::tstzmultirange end
           from runs where org_id = $1 and run_id = $8 and $5 < as_of
           on conflict (org_id, connection_id, dataset) do update set
               covered = case when $7 then dataset_states.covered + excluded.covered
                              else dataset_states.covered - tstzmultirange(tstzrange($5, $6)) end"#,
        lease.org.0,
        lease.connection.0,
        window.dataset.name(),
        uuid::Uuid::nil(),
        window.interval.from.to_sqlx() as _,
        window.interval.to.to_sqlx() as _,
        whole,
        run.0,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn insert(
    tx: &mut Transaction<'static, Postgres>,
    lease: &Lease,
    run: RunId,
    windows: &[Planned],
) -> Result<(), StoreError> {
    let datasets: Vec<String> = windows
        .iter()
        .map(|w| w.dataset.name().to_owned())
        .collect();
    let from: Vec<_> = windows.iter().map(|w| w.interval.from.to_sqlx()).collect();
    let to: Vec<_> = windows.iter().map(|w| w.interval.to.to_sqlx()).collect();
    sqlx::query!(
        "insert into windows (org_id, run_id, dataset, window_from, window_to)
         select $1, $2, * from unnest($3::text[], $4::timestamptz[], $5::timestamptz[])",
        lease.org.0,
        run.0,
        &datasets,
        &from as _,
        &to as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn add_spent(
    tx: &mut Transaction<'static, Postgres>,
    lease: &Lease,
    run: RunId,
    spent: Spent,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update runs set requests = requests + $3, rate_limited = rate_limited + $4
         where org_id = $1 and run_id = $2",
        lease.org.0,
        run.0,
        spent.requests,
        spent.rate_limited,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
