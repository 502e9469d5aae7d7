//! What is known of each dataset of a connection, over all its runs.

use std::collections::HashMap;

use jiff::Timestamp;
use proto::{
    ConnectionId, OrgId, RunId,
    facts::v1::{Completeness, Dataset},
};

use super::{Store, StoreError, optional, optional_to_sqlx};
use crate::{coverage::Coverage, dataset::State, lease::Lease, window::Interval};

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
    /// 429 answers among them.
    pub rate_limited: i64,
    /// Repeated requests among them.
    pub retries: i64,
    /// Records that dashboard-api says it has stored.
    pub stored: i64,
    /// Records that PagerDuty counted in closed windows but did not give.
    pub missing: i64,
    /// Windows that could not be read.
    pub failed: i64,
    /// Windows left to the next run.
    pub later: i64,
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
        drop(tx);
        let covered = self.coverage(org, connection).await?;
        rows.into_iter()
            .map(|row| {
                let completeness = Completeness::from_name(&row.completeness);
                let dataset =
                    Dataset::from_name(&row.dataset).ok_or_else(|| unknown(&row.dataset))?;
                let newest = covered
                    .get(&dataset)
                    .and_then(|coverage| coverage.newest(Timestamp::MAX));
                let state = State {
                    dataset,
                    completeness: completeness.ok_or_else(|| unknown(&row.completeness))?,
                    covered_from: newest
                        .map(|one| one.from)
                        .or_else(|| optional(row.covered_from)),
                    covered_to: newest
                        .map(|one| one.to)
                        .or_else(|| optional(row.covered_to)),
                    reason: row.reason,
                };
                Ok((state, RunId(row.decided_by)))
            })
            .collect()
    }

    /// The event time that is known completely, of each history.
    pub async fn coverage(
        &self,
        org: OrgId,
        connection: ConnectionId,
    ) -> Result<HashMap<Dataset, Coverage>, StoreError> {
        let mut tx = self.scoped(org).await?;
        let rows = sqlx::query!(
            r#"select dataset, lower(part) as "from!", upper(part) as "to!"
               from dataset_states, unnest(covered) as part
               where org_id = $1 and connection_id = $2"#,
            org.0,
            connection.0,
        )
        .fetch_all(&mut *tx)
        .await?;
        let mut parts: HashMap<Dataset, Vec<Interval>> = HashMap::new();
        for row in rows {
            let dataset = Dataset::from_name(&row.dataset).ok_or_else(|| unknown(&row.dataset))?;
            parts.entry(dataset).or_default().push(Interval {
                from: row.from.to_jiff(),
                to: row.to.to_jiff(),
            });
        }
        Ok(parts
            .into_iter()
            .map(|(dataset, parts)| (dataset, Coverage::of(parts)))
            .collect())
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
                   count(*) filter (where state not in ('split', 'later')) as "planned!",
                   coalesce(sum(received) filter (where state <> 'split'), 0)::bigint as "received!",
                   coalesce(sum(expected) filter (where state <> 'split'), 0)::bigint as "expected!",
                   coalesce(sum(greatest(expected - distinct_records - unreadable, 0))
                            filter (where state = 'done'), 0)::bigint as "missing!",
                   coalesce(sum(stored), 0)::bigint as "stored!",
                   coalesce(sum(rate_limited), 0)::bigint as "rate_limited!",
                   coalesce(sum(retries), 0)::bigint as "retries!",
                   count(*) filter (where state = 'failed') as "failed!",
                   count(*) filter (where state = 'later') as "later!",
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
                    rate_limited: row.rate_limited,
                    retries: row.retries,
                    stored: row.stored,
                    missing: row.missing,
                    failed: row.failed,
                    later: row.later,
                };
                Ok((dataset, progress))
            })
            .collect()
    }
}

fn unknown(value: &str) -> StoreError {
    StoreError::Inconsistent {
        table: "dataset_states",
        value: value.to_owned(),
    }
}
