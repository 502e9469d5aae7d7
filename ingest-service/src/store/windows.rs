//! Windows: the checkpoint. A window is done only after the broker has confirmed its pages and its
//! receipt; whatever is still planned is fetched again from its first page.

use jiff_sqlx::ToSqlx;
use proto::{RunId, facts::v1::Dataset};
use sqlx::{Postgres, Transaction};

use super::{Store, StoreError};
use crate::{
    lease::Lease,
    run::Tally,
    window::{Interval, Planned},
};

/// How far a window has come, and whether it is closed.
struct Reached<'a> {
    tally: &'a Tally,
    done: bool,
}

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

    /// What is left to fetch of a dataset, newest first.
    pub async fn open_windows(
        &self,
        lease: &Lease,
        run: RunId,
        dataset: Dataset,
    ) -> Result<Vec<Interval>, StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let rows = sqlx::query!(
            "select window_from, window_to from windows
             where org_id = $1 and run_id = $2 and dataset = $3 and state = 'planned'
             order by window_to desc, window_from desc",
            lease.org.0,
            run.0,
            dataset.name(),
        )
        .fetch_all(&mut *tx)
        .await?;
        let interval = |from: jiff_sqlx::Timestamp, to: jiff_sqlx::Timestamp| Interval {
            from: from.to_jiff(),
            to: to.to_jiff(),
        };
        Ok(rows
            .into_iter()
            .map(|row| interval(row.window_from, row.window_to))
            .collect())
    }

    /// Writes how far a window has come, and adds the requests it has cost since the last time.
    pub async fn progress(
        &self,
        lease: &Lease,
        run: RunId,
        window: Planned,
        tally: &Tally,
    ) -> Result<(), StoreError> {
        self.write(lease, run, window, Reached { tally, done: false })
            .await
    }

    /// Closes a window.
    pub async fn complete(
        &self,
        lease: &Lease,
        run: RunId,
        window: Planned,
        tally: &Tally,
    ) -> Result<(), StoreError> {
        self.write(lease, run, window, Reached { tally, done: true })
            .await
    }

    async fn write(
        &self,
        lease: &Lease,
        run: RunId,
        window: Planned,
        Reached { tally, done }: Reached<'_>,
    ) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "update windows set expected = $6, received = $7, unreadable = $8, pages = $9,
                 requests = requests + $10, state = case when $11 then 'done' else state end
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
            done,
        )
        .execute(&mut *tx)
        .await?;
        add_spent(&mut tx, lease, run, tally).await?;
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
                 requests = requests + $7
             where org_id = $1 and run_id = $2 and dataset = $3 and window_from = $4 and window_to = $5",
            lease.org.0,
            run.0,
            window.dataset.name(),
            window.interval.from.to_sqlx(),
            window.interval.to.to_sqlx(),
            tally.expected,
            tally.spent.requests,
        )
        .execute(&mut *tx)
        .await?;
        insert(&mut tx, lease, run, parts).await?;
        add_spent(&mut tx, lease, run, tally).await?;
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
    tally: &Tally,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update runs set requests = requests + $3, rate_limited = rate_limited + $4
         where org_id = $1 and run_id = $2",
        lease.org.0,
        run.0,
        tally.spent.requests,
        tally.spent.rate_limited,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
