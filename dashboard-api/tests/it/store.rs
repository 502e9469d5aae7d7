//! The tables: duplicates, order, versions, tenants, what is gone.

use proto::{OrgId, facts::v1::envelope::Payload};
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use dashboard_api::{
    seat::Class,
    store::{Store, Unfit},
    window::Window,
};

use crate::{
    account::{Run, everybody, user},
    house::{apply, at, crunch, open},
};

async fn seats(store: &Store, org: Uuid, window: Window) -> Vec<(String, String, i64, i64)> {
    let mut tx = store.begin(OrgId(org)).await.expect("begins");
    sqlx::query_as(
        "select user_id, class, actions, duty_seconds from seats where window_days = $1
             and generation = (select max(generation) from generations) order by lower(name)",
    )
    .bind(window.days() as i32)
    .fetch_all(&mut *tx)
    .await
    .expect("answers")
}

fn seat(id: &str, class: Class, actions: i64, duty: i64) -> (String, String, i64, i64) {
    (id.to_owned(), class.name().to_owned(), actions, duty)
}

#[sqlx::test(migrations = false)]
async fn a_complete_run_becomes_a_generation_with_exact_figures(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    apply(&store, &run.messages(everybody())).await;
    assert_eq!(crunch(&store).await, 1);
    assert_eq!(crunch(&store).await, 0, "nothing is left to do");
    let day = 86_400;
    assert_eq!(
        seats(&store, run.org, Window::Days90).await,
        [
            // Two acknowledges (one exactly at the edge of the window), a resolve, a join.
            seat("PU1", Class::Active, 4, 0),
            seat("PU2", Class::Active, 0, 3 * day),
            seat("PU3", Class::Viewer, 0, 0),
            seat("PU4", Class::Never, 0, 0),
        ]
    );
    assert_eq!(
        seats(&store, run.org, Window::Days180).await[0],
        seat("PU1", Class::Active, 5, 0)
    );
    assert_eq!(
        seats(&store, run.org, Window::Days30).await[0],
        seat("PU1", Class::Active, 3, 0)
    );
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn order_and_repetition_change_nothing(superuser: PgPool) {
    let store = open(&superuser).await;
    let (straight, shuffled) = (Run::new(1), Run::new(2));
    apply(&store, &straight.messages(everybody())).await;
    let mut messages = shuffled.messages(everybody());
    messages.extend(messages.clone());
    messages.reverse();
    messages.rotate_left(5);
    apply(&store, &messages).await;
    assert_eq!(crunch(&store).await, 2);
    for window in Window::ALL {
        let (left, right) = (
            seats(&store, straight.org, window).await,
            seats(&store, shuffled.org, window).await,
        );
        assert_eq!(left, right);
    }
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn a_run_is_crunched_only_when_every_page_is_stored(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    let mut messages = run.messages(everybody());
    let late = messages.remove(0);
    apply(&store, &messages).await;
    assert_eq!(crunch(&store).await, 0, "the page of users is missing");
    apply(&store, &[late]).await;
    assert_eq!(crunch(&store).await, 1);
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn an_older_version_loses_whenever_it_comes(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    let newer = run.next();
    let page = |run: &Run, name: &str| {
        let messages = run.messages(vec![user("PU1", name)]);
        messages.into_iter().take(1).collect::<Vec<_>>()
    };
    apply(&store, &page(&newer, "New Name")).await;
    apply(&store, &page(&run, "Old Name")).await;
    let mut tx = store.begin(OrgId(run.org)).await.expect("begins");
    let row: (String, jiff_sqlx::Timestamp) =
        sqlx::query_as("select name, first_seen_at from users")
            .fetch_one(&mut *tx)
            .await
            .expect("one user");
    assert_eq!(row.0, "New Name");
    assert_eq!(
        row.1.to_jiff(),
        at("2026-11-23T10:02:00Z"),
        "seen first by the older version"
    );
    tx.rollback().await.expect("rolls back");
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn who_is_missing_in_a_later_complete_snapshot_has_no_seat(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    apply(&store, &run.messages(everybody())).await;
    assert_eq!(crunch(&store).await, 1);
    let next = run.next();
    apply(
        &store,
        &next.messages(everybody().into_iter().take(3).collect()),
    )
    .await;
    assert_eq!(crunch(&store).await, 1);
    let left = seats(&store, run.org, Window::Days90).await;
    assert_eq!(left.len(), 3);
    let mut tx = store.begin(OrgId(run.org)).await.expect("begins");
    let kept: (i64,) = sqlx::query_as("select count(*) from users where deleted_at is not null")
        .fetch_one(&mut *tx)
        .await
        .expect("counts");
    assert_eq!(kept.0, 1, "marked, not removed");
    tx.rollback().await.expect("rolls back");
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn one_organization_never_sees_rows_of_another(superuser: PgPool) {
    let store = open(&superuser).await;
    let (ours, theirs) = (Run::new(1), Run::new(2));
    apply(&store, &theirs.messages(everybody())).await;
    assert_eq!(crunch(&store).await, 1);
    let tables: Vec<(String, bool)> = sqlx::query_as(
        "select relname::text, relrowsecurity and relforcerowsecurity from pg_class
         where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace
             and relname <> '_sqlx_migrations'",
    )
    .fetch_all(store.pool())
    .await
    .expect("tables");
    assert!(tables.len() > 20, "partitions included: {tables:?}");
    let mut filled = 0;
    for (table, guarded) in tables {
        assert!(guarded, "{table} is not guarded");
        // Lists of ids for workers, and what is the same for everybody.
        let open = ["day_turns", "notified_organizations", "fact_floors"];
        if open.contains(&table.as_str()) {
            continue;
        }
        let mut tx = store.begin(OrgId(ours.org)).await.expect("begins");
        let query = format!("select count(*) from {table}");
        let seen: (i64,) = sqlx::query_as(AssertSqlSafe(query.clone()))
            .fetch_one(&mut *tx)
            .await
            .expect("counts");
        assert_eq!(seen.0, 0, "{table} shows rows of another organization");
        tx.rollback().await.expect("rolls back");
        let all: (i64,) = sqlx::query_as(AssertSqlSafe(query))
            .fetch_one(&superuser)
            .await
            .expect("counts");
        filled += usize::from(all.0 > 0);
    }
    assert!(filled > 15, "the tables were not empty");
    let mut tx = store.begin(OrgId(ours.org)).await.expect("begins");
    let written = sqlx::query(
        "insert into weekly_active (org_id, generation, week_start, people, complete)
         values ($1, 1, '2026-01-05', 0, true)",
    )
    .bind(theirs.org)
    .execute(&mut *tx)
    .await;
    assert!(written.is_err(), "nor can it write them");
    drop(tx);
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn a_role_that_bypasses_row_level_security_is_refused(superuser: PgPool) {
    let store = open(&superuser).await;
    store.check_fitness().await.expect("the plain role is fit");
    let unfit = Store::new(superuser.clone()).check_fitness().await;
    assert!(matches!(unfit, Err(Unfit::Role(_))), "{unfit:?}");
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn a_schema_older_than_the_binary_is_refused(superuser: PgPool) {
    let store = open(&superuser).await;
    sqlx::query("delete from _sqlx_migrations where version = 3")
        .execute(store.pool())
        .await
        .expect("deleted");
    let unfit = store.check_fitness().await;
    assert!(matches!(unfit, Err(Unfit::Schema(3))), "{unfit:?}");
    store.pool().close().await;
}

#[sqlx::test(migrations = false)]
async fn a_claim_without_stored_windows_proves_nothing(superuser: PgPool) {
    let store = open(&superuser).await;
    let run = Run::new(1);
    let mut messages = run.messages(everybody());
    // The run says that log entries are complete, but sent none and no receipt.
    messages.retain(|message| message.dataset().name() != "log_entries");
    for message in &mut messages {
        if let Some(Payload::RunFinished(finished)) = &mut message.payload {
            finished.receipts = 8;
        }
    }
    apply(&store, &messages).await;
    assert_eq!(crunch(&store).await, 1);
    let seats = seats(&store, run.org, Window::Days30).await;
    assert_eq!(seats[3].1, "unknown");
    store.pool().close().await;
}
