//! What is counted when facts are stored, and what outlives them.

use dashboard_api::store::Store;
use proto::{OrgId, facts::v1::envelope::Payload};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use crate::{
    account::{self, Run, everybody},
    house::{apply, crunch, decoded, open},
};

/// Every rollup and every answer of an organization, as text.
async fn everything(store: &Store, org: Uuid) -> String {
    let mut tx = store.begin(OrgId(org)).await.expect("begins");
    let mut all = String::new();
    for table in [
        "use_days",
        "incident_acks",
        "responder_uses",
        "seats",
        "seat_totals",
        "feature_totals",
        "feature_groups",
        "feature_months",
        "team_totals",
        "oncall_load",
        "single_levels",
        "incident_weeks",
        "addon_totals",
        "weekly_active",
        "license_totals",
        "person_days",
        "license_days",
    ] {
        let query = format!(
            "select coalesce(string_agg(line, chr(10) order by line), '') from (
                 select (to_jsonb(t) - 'generation' - 'org_id' - 'connection_id')::text as line
                 from {table} t
                 where (to_jsonb(t) ->> 'generation') is null or (to_jsonb(t) ->> 'generation')::bigint
                     = (select max(generation) from generations)) lines"
        );
        let rows: (String,) = sqlx::query_as(AssertSqlSafe(query))
            .fetch_one(&mut *tx)
            .await
            .expect("lines");
        all.push_str(table);
        all.push('\n');
        all.push_str(&rows.0);
        all.push('\n');
    }
    all
}

#[sqlx::test(migrations = false)]
async fn rollups_derived_from_facts_are_those_that_were_moved_fact_by_fact(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    let mut messages = run.messages(everybody());
    messages.extend(run.configuration());
    apply(&store, &messages).await;
    // A second time, as one batch: everything is known already.
    let decoded: Vec<_> = messages.iter().map(decoded).collect();
    let batch: Vec<_> = decoded.iter().collect();
    store
        .apply(OrgId(run.org), &batch, run.t)
        .await
        .expect("applied");
    assert_eq!(crunch(&store).await, 1);
    let moved = everything(&store, run.org).await;
    assert!(
        moved.contains("config_change") && moved.contains("~notified"),
        "{moved}"
    );
    let cruncher = dashboard_api::crunch::Cruncher::new(
        store.clone(),
        crate::house::clock(),
        dashboard_api::metrics::Metrics,
    );
    let rebuilt = dashboard_api::rebuild::rebuild(&store, &cruncher, Some(OrgId(run.org)), run.t)
        .await
        .expect("rebuilt");
    assert_eq!((rebuilt.connections, rebuilt.generations), (1, 1));
    assert_eq!(everything(&store, run.org).await, moved);
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn a_changed_fact_moves_the_rollups_of_its_day(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    apply(&store, &run.messages(everybody())).await;
    let later = run.next();
    let mut changed = later.messages(everybody());
    for message in &mut changed {
        if let Some(Payload::LogEntries(page)) = &mut message.payload {
            page.records.truncate(1);
            page.records[0].created_at =
                Some(proto::time::to_proto(account::days_before(run.t, 2)));
            page.records[0].agent_id = "PU4".to_owned();
        }
    }
    apply(&store, &changed).await;
    let mut tx = store.begin(OrgId(run.org)).await.expect("begins");
    let uses: Vec<(String, String, i32)> = sqlx::query_as(
        "select user_id, feature, uses from use_days
         where day = '2026-11-21' order by user_id, feature",
    )
    .fetch_all(&mut *tx)
    .await
    .expect("rows");
    let found: Vec<_> = uses
        .iter()
        .map(|(u, f, n)| (u.as_str(), f.as_str(), *n))
        .collect();
    assert_eq!(found, [("PU1", "resolve", 1), ("PU4", "ack", 1)]);
    tx.rollback().await.expect("rolls back");
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn a_seat_given_back_is_verified_and_its_return_takes_the_saving_back(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    let state = async |store: &Store| -> Vec<(String, String, bool)> {
        let mut tx = store.begin(OrgId(run.org)).await.expect("begins");
        sqlx::query_as(
            "select kind, state, raised from recommendations where user_id = 'PU4' order by kind",
        )
        .fetch_all(&mut *tx)
        .await
        .expect("rows")
    };
    let row = |state: &str, raised| vec![("reclaim".to_owned(), state.to_owned(), raised)];
    apply(&store, &run.messages(everybody())).await;
    assert_eq!(crunch(&store).await, 1);
    assert_eq!(state(&store).await, row("open", true));
    let gone = run.next();
    apply(
        &store,
        &gone.messages(everybody().into_iter().take(3).collect()),
    )
    .await;
    assert_eq!(crunch(&store).await, 1);
    assert_eq!(state(&store).await, row("done", false));
    let back = gone.next();
    apply(&store, &back.messages(everybody())).await;
    assert_eq!(crunch(&store).await, 1);
    assert_eq!(state(&store).await, row("open", true));
    let mut tx = store.begin(OrgId(run.org)).await.expect("begins");
    let savings: (i64, i64) = sqlx::query_as(
        "select count(*), count(*) filter (where withdrawn_at is not null) from realized_savings",
    )
    .fetch_one(&mut *tx)
    .await
    .expect("counts");
    assert_eq!(savings, (1, 1));
    tx.rollback().await.expect("rolls back");
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn an_erased_connection_leaves_nothing_and_takes_nothing(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    apply(&store, &run.messages(everybody())).await;
    assert_eq!(crunch(&store).await, 1);
    let (org, connection) = (OrgId(run.org), run.connection);
    assert!(
        store
            .erase_connection(org, connection, run.t)
            .await
            .expect("erased")
    );
    assert!(
        !store
            .erase_connection(org, connection, run.t)
            .await
            .expect("erased")
    );
    apply(&store, &run.next().messages(everybody())).await;
    let mut tx = store.begin(org).await.expect("begins");
    for table in [
        "users",
        "log_entries",
        "use_days",
        "seats",
        "runs",
        "pages",
        "person_days",
    ] {
        let query = format!("select count(*) from {table}");
        let left: (i64,) = sqlx::query_as(AssertSqlSafe(query))
            .fetch_one(&mut *tx)
            .await
            .expect("counts");
        assert_eq!(left.0, 0, "{table}");
    }
    tx.rollback().await.expect("rolls back");
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn pruned_facts_leave_what_was_counted(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    apply(&store, &run.messages(everybody())).await;
    let dropped = store
        .prune_facts("2026-10-15".parse().expect("a day"))
        .await;
    assert!(dropped.expect("pruned") >= 1, "August went");
    store
        .derive_rollups(OrgId(run.org), run.connection)
        .await
        .expect("derived");
    let mut tx = store.begin(OrgId(run.org)).await.expect("begins");
    let kept: (i64, i64) = sqlx::query_as(
        "select (select count(*) from log_entries), (select sum(uses) from use_days
             where feature in ('ack', 'resolve'))",
    )
    .fetch_one(&mut *tx)
    .await
    .expect("counts");
    assert_eq!(
        kept,
        (4, 5),
        "two acknowledgements of August are only counted"
    );
    tx.rollback().await.expect("rolls back");
    store.pool().close().await;
}
