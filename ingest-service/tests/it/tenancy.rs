//! Row-level security: the filter of the database holds without the one of the statements.

use proto::OrgId;
use sqlx::{Connection as _, PgPool};
use uuid::Uuid;

use crate::harness::{Harness, PLAIN_ROLE};

#[sqlx::test(migrations = "./migrations")]
async fn a_plain_role_sees_only_the_organization_it_has_named(pool: PgPool) {
    let harness = Harness::start(&pool).await;
    harness.enqueue().await;
    let mut connection = pool.acquire().await.expect("a connection");
    let other = OrgId(Uuid::now_v7());
    for (org, expected) in [(Some(harness.lender.org), 1), (Some(other), 0), (None, 0)] {
        let mut tx = connection.begin().await.expect("begun");
        sqlx::query(sqlx::AssertSqlSafe(format!("set local role {PLAIN_ROLE}")))
            .execute(&mut *tx)
            .await
            .expect("set");
        if let Some(org) = org {
            let named =
                sqlx::query("select set_config('quolum.org_id', $1, true)").bind(org.to_string());
            named.execute(&mut *tx).await.expect("named");
        }
        for table in ["connections", "runs"] {
            let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
            let count: i64 = sqlx::query_scalar(count)
                .fetch_one(&mut *tx)
                .await
                .expect("counted");
            assert_eq!(count, expected, "{table} for {org:?}");
        }
    }
}
