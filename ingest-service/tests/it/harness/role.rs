//! The role services run as: no superuser, held by row-level security. Test databases belong to a superuser, whom
//! nothing holds.

use sqlx::{PgPool, postgres::PgPoolOptions};

/// Shared by all tests of a cluster; what it may do is granted in each test's own database.
pub(crate) const PLAIN_ROLE: &str = "quolum_test_ingest";

/// A pool on the same database as the plain role.
pub(super) async fn plain(pool: &PgPool) -> PgPool {
    let grants = "
        do $$ begin
            create role quolum_test_ingest nosuperuser nobypassrls;
        exception when duplicate_object or unique_violation then null;
        end $$;
        grant usage on schema public to quolum_test_ingest;
        grant select, insert, update, delete on all tables in schema public to quolum_test_ingest;";
    sqlx::raw_sql(grants).execute(pool).await.expect("granted");
    let options = (*pool.connect_options())
        .clone()
        .options([("role", PLAIN_ROLE)]);
    PgPoolOptions::new()
        .max_connections(8)
        .connect_with(options)
        .await
        .expect("connected")
}

/// The test's database as a process of its own reaches it, in this role.
pub(crate) fn database_url(pool: &PgPool, role: &str) -> String {
    let server = std::env::vars().find(|(name, _)| name == "DATABASE_URL");
    let (_, server) = server.expect("DATABASE_URL is set");
    let mut url: url::Url = server.parse().expect("DATABASE_URL is a URL");
    url.set_path(pool.connect_options().get_database().expect("named"));
    url.query_pairs_mut().append_pair("options[role]", role);
    url.to_string()
}
