//! Row-level security, as the role that the service connects with feels it.

use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use crate::harness::World;

/// A role like the service's own: no superuser, no bypassrls.
async fn plain_role(pool: &PgPool, org: &str) -> PgConnection {
    let mut db = PgConnection::connect_with(&pool.connect_options())
        .await
        .expect("a connection");
    let role = "do $$ begin create role plain_probe; exception when duplicate_object or unique_violation then null; end $$";
    sqlx::query(role).execute(&mut db).await.expect("a role");
    for sql in [
        "grant usage on schema public to plain_probe",
        "grant all on all tables in schema public to plain_probe",
        "set role plain_probe",
    ] {
        sqlx::query(sql).execute(&mut db).await.expect("granted");
    }
    let set = sqlx::query("select set_config('quolum.org_id', $1, false)").bind(org);
    set.execute(&mut db).await.expect("set");
    db
}

#[sqlx::test(migrations = "./migrations")]
async fn without_its_organization_a_query_sees_and_changes_nothing(pool: PgPool) {
    let mut world = World::start(pool).await;
    let connection = world.connect().await;
    world.lease(&connection).await.expect("a token");
    let tables = ["connections", "grants", "consents", "audit_log"];
    for (org, seen) in [
        ("", false),
        ("00000000-0000-0000-0000-000000000000", false),
        (&*connection.org_id, true),
    ] {
        let mut db = plain_role(&world.pool, org).await;
        for table in tables {
            let sql = format!("select count(*) from {table}");
            let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_one(&mut db)
                .await
                .expect("a count");
            assert_eq!(rows > 0, seen, "{table} for `{org}`");
        }
        let changed = sqlx::query("update connections set reason = reason")
            .execute(&mut db)
            .await
            .expect("done");
        assert_eq!(changed.rows_affected() > 0, seen);
    }
    let mut foreign = plain_role(&world.pool, "00000000-0000-0000-0000-000000000000").await;
    let smuggled = "insert into audit_log (org_id, at, actor, actor_name, action, subject, detail)
                    values ($1, now(), 'x', 'x', 'x', 'x', '{}')";
    let refused = sqlx::query(smuggled)
        .bind(world.member.org.0)
        .execute(&mut foreign)
        .await
        .expect_err("refused");
    assert!(
        refused.to_string().contains("row-level security"),
        "{refused}"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn every_table_of_organizations_is_under_row_level_security(pool: PgPool) {
    let without = "select c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'org_id'
         where c.relkind = 'r' and not (c.relrowsecurity and c.relforcerowsecurity)";
    let tables: Vec<String> = sqlx::query_scalar(without)
        .fetch_all(&pool)
        .await
        .expect("tables");
    assert_eq!(tables, Vec::<String>::new());
}
