//! What PagerDuty no longer shows. Only a run whose dataset is complete and fully stored may say
//! so, and only about versions that are older than everything it saw.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{
    OrgId,
    facts::v1::{Completeness, Dataset},
};

use sqlx::postgres::PgQueryResult;

use super::{EndedRun, Result, Tx};

macro_rules! mark {
    ($table:literal, $tx:expr, $org:expr, $run:expr, $since:expr) => {
        sqlx::query!(
            "update " + $table + " set deleted_at = $4
             where org_id = $1 and connection_id = $2 and observed_at < $3 and deleted_at is null",
            $org.0,
            $run.connection,
            $since.to_sqlx() as _,
            $run.as_of.to_sqlx() as _,
        )
        .execute(&mut **$tx)
        .await?
    };
}

/// Marks the rows that a complete run has not seen.
pub async fn mark_gone(tx: Tx<'_>, org: OrgId, run: &EndedRun) -> Result<()> {
    for coverage in &run.datasets {
        if coverage.completeness != Completeness::Complete {
            continue;
        }
        if coverage.dataset == Dataset::Oncalls {
            mark_oncalls(tx, org, run).await?;
            continue;
        }
        let Some(since) = seen_since(tx, org, run, coverage.dataset).await? else {
            continue;
        };
        match coverage.dataset {
            Dataset::Users => mark!("users", tx, org, run, since),
            Dataset::Licenses => mark!("licenses", tx, org, run, since),
            Dataset::LicenseAllocations => mark!("license_allocations", tx, org, run, since),
            Dataset::Teams => mark!("teams", tx, org, run, since),
            Dataset::Services => mark!("services", tx, org, run, since),
            Dataset::EscalationPolicies => mark!("escalation_policies", tx, org, run, since),
            Dataset::Schedules => mark!("schedules", tx, org, run, since),
            Dataset::UserAnalytics => mark!("user_analytics", tx, org, run, since),
            dataset if !dataset.is_windowed() => {
                mark_resources(tx, org, run, (dataset, since)).await?
            }
            _ => continue,
        };
    }
    Ok(())
}

/// The things of one dataset that keep a table with those of others.
async fn mark_resources(
    tx: Tx<'_>,
    org: OrgId,
    run: &EndedRun,
    (dataset, since): (Dataset, Timestamp),
) -> Result<PgQueryResult> {
    let marked = sqlx::query!(
        "update resources set deleted_at = $5
         where org_id = $1 and connection_id = $2 and dataset = $3 and observed_at < $4
             and deleted_at is null",
        org.0,
        run.connection,
        dataset.name(),
        since.to_sqlx() as _,
        run.as_of.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(marked)
}

/// When the run's snapshot of a dataset began; `None` when this run took none.
async fn seen_since(
    tx: Tx<'_>,
    org: OrgId,
    run: &EndedRun,
    dataset: Dataset,
) -> Result<Option<Timestamp>> {
    let since = sqlx::query_scalar!(
        r#"select coalesce((select min(p.observed_at) from pages p
                   where p.org_id = $1 and p.run_id = $2 and p.dataset = $3), c.observed_at)
               as "since!"
           from receipts c where c.org_id = $1 and c.run_id = $2 and c.dataset = $3
               and c.window_from = '-infinity'"#,
        org.0,
        run.run,
        dataset.name(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(since.map(jiff_sqlx::Timestamp::to_jiff))
}

/// On-call intervals within a window that was read again and no longer shows them. One that began
/// before everything this run has read stays: its window was not read again as a whole.
async fn mark_oncalls(tx: Tx<'_>, org: OrgId, run: &EndedRun) -> Result<()> {
    sqlx::query!(
        "with read_again as (
             select c.window_from, c.window_to,
                 coalesce(min(p.observed_at), min(c.observed_at)) as since,
                 min(c.window_from) over () as earliest
             from receipts c
             left join pages p on p.org_id = c.org_id and p.run_id = c.run_id
                 and p.dataset = c.dataset and p.window_from = c.window_from
                 and p.window_to = c.window_to
             where c.org_id = $1 and c.run_id = $2 and c.dataset = 'oncalls'
                 and c.window_from > '-infinity'
             group by c.window_from, c.window_to
         )
         update oncalls o set deleted_at = $4 from read_again w
         where o.org_id = $1 and o.connection_id = $3 and o.deleted_at is null
             and o.observed_at < w.since and o.starts_at < w.window_to
             and (o.ends_at is null or o.ends_at > w.window_from)
             and (o.starts_at >= w.earliest or o.starts_at = '-infinity')",
        org.0,
        run.run,
        run.connection,
        run.as_of.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
