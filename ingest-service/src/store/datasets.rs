//! What is known of each dataset of a connection, over all its runs.

use proto::{
    ConnectionId, OrgId, RunId,
    facts::v1::{Completeness, Dataset},
};

use super::{Store, StoreError, optional, optional_to_sqlx};
use crate::{dataset::State, lease::Lease, window::Interval};

/// How far one run has come with one dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Closed windows.
    pub windows_done: i64,
    /// All windows that are not split.
    pub windows_planned: i64,
    /// Records received in them.
    pub received: i64,
    /// Records PagerDuty said there are in them, where it says so.
    pub expected: i64,
    /// Records that could not be read.
    pub unreadable: i64,
    /// Requests sent.
    pub requests: i64,
}

impl Store {
    /// The state of every dataset that has one, and the run that decided it.
    pub async fn dataset_states(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<Vec<(State, RunId)>, StoreError> {
        let mut tx = self.scoped(org).await?;
        let rows = sqlx::query!(
            "select dataset, completeness, covered_from, covered_to, reason, decided_by
             from dataset_states where org_id = $1 and connection_id = $2",
            org.0,
            connection.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let completeness = Completeness::from_name(&row.completeness);
                let state = State {
                    dataset: Dataset::from_name(&row.dataset)
                        .ok_or_else(|| unknown(&row.dataset))?,
                    completeness: completeness.ok_or_else(|| unknown(&row.completeness))?,
                    covered_from: optional(row.covered_from),
                    covered_to: optional(row.covered_to),
                    reason: row.reason,
                };
                Ok((state, RunId(row.decided_by)))
            })
            .collect()
    }

    /// Writes what a run found out about a dataset.
    pub async fn decide(&self, lease: &Lease, run: RunId, state: &State) -> Result<(), StoreError> {
        let mut tx = self.fenced(lease).await?;
        sqlx::query!(
            "insert into dataset_states
                 (org_id, connection_id, dataset, completeness, covered_from, covered_to, reason, decided_by)
             values ($1, $2, $3, $4, $5, $6, $7, $8)
             on conflict (org_id, connection_id, dataset) do update set
                 completeness = excluded.completeness, covered_from = excluded.covered_from,
                 covered_to = excluded.covered_to, reason = excluded.reason, decided_by = excluded.decided_by",
            lease.org.0,
            lease.connection.0,
            state.dataset.name(),
            state.completeness.name(),
            optional_to_sqlx(state.covered_from) as _,
            optional_to_sqlx(state.covered_to) as _,
            state.reason,
            run.0,
        )
        .execute(&mut *tx)
        .await?;
        Ok(tx.commit().await?)
    }

    /// How far a run has come with each dataset.
    pub async fn progress_of(
        &self,
        org: OrgId,
        run: RunId,
    ) -> Result<Vec<(Dataset, Progress)>, StoreError> {
        let mut tx = self.scoped(org).await?;
        let rows = sqlx::query!(
            r#"select dataset,
                   count(*) filter (where state = 'done') as "done!",
                   count(*) filter (where state <> 'split') as "planned!",
                   coalesce(sum(received) filter (where state <> 'split'), 0)::bigint as "received!",
                   coalesce(sum(expected) filter (where state <> 'split'), 0)::bigint as "expected!",
                   coalesce(sum(unreadable), 0)::bigint as "unreadable!",
                   coalesce(sum(requests), 0)::bigint as "requests!"
               from windows where org_id = $1 and run_id = $2 group by dataset"#,
            org.0,
            run.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let dataset =
                    Dataset::from_name(&row.dataset).ok_or_else(|| unknown(&row.dataset))?;
                let progress = Progress {
                    windows_done: row.done,
                    windows_planned: row.planned,
                    received: row.received,
                    expected: row.expected,
                    unreadable: row.unreadable,
                    requests: row.requests,
                };
                Ok((dataset, progress))
            })
            .collect()
    }

    /// Records that PagerDuty counted in closed windows but did not give.
    pub async fn missing_records(
        &self,
        lease: &Lease,
        run: RunId,
        dataset: Dataset,
    ) -> Result<i64, StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let missing = sqlx::query_scalar!(
            r#"select coalesce(sum(expected - received), 0)::bigint as "missing!" from windows
               where org_id = $1 and run_id = $2 and dataset = $3 and state = 'done' and expected > received"#,
            lease.org.0,
            run.0,
            dataset.name(),
        )
        .fetch_one(&mut *tx)
        .await?;
        Ok(missing)
    }

    /// The windows of a dataset in a run that were closed with all their records, oldest first.
    pub async fn whole_windows(
        &self,
        lease: &Lease,
        run: RunId,
        dataset: Dataset,
    ) -> Result<Vec<Interval>, StoreError> {
        let mut tx = self.scoped(lease.org).await?;
        let rows = sqlx::query!(
            "select window_from, window_to from windows
             where org_id = $1 and run_id = $2 and dataset = $3 and state = 'done'
               and unreadable = 0 and received >= coalesce(expected, 0)
             order by window_from",
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
}

fn unknown(value: &str) -> StoreError {
    StoreError::Inconsistent {
        table: "dataset_states",
        value: value.to_owned(),
    }
}
