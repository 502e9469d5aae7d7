//! Secrets stay where they belong: not in the log at its most talkative, not in a dump of the database.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use pagerduty_sim::faults::{Fault, FaultKind};
use sqlx::PgPool;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{BINDING, World};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the log").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// Plain, hexadecimal, base64, percent-encoded, and as a list of decimal bytes.
fn spellings(secret: &str) -> Vec<String> {
    let decimal: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let hexadecimal = secret
        .bytes()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    // Without its last characters, which depend on what follows.
    let base64 = STANDARD.encode(secret);
    let base64 = base64[..base64.len() / 4 * 4 - 4].to_owned();
    vec![
        secret.to_owned(),
        decimal.join(", "),
        percent,
        hexadecimal,
        base64,
    ]
}

#[sqlx::test(migrations = "./migrations")]
async fn no_secret_is_logged_or_stored_in_clear(pool: PgPool) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let mut world = World::start(pool).await;
    let back = world
        .visit(world.begin_request(), "admin@acme.example", "allow")
        .await;
    let mut secrets = vec![
        back.code.clone(),
        back.state.clone(),
        BINDING.to_owned(),
        "classic-secret".to_owned(),
    ];
    let connection = world.complete(back).await.connection.expect("a connection");
    for kind in [FaultKind::Malformed, FaultKind::Truncate] {
        secrets.push(
            world
                .lease(&connection)
                .await
                .expect("a token")
                .access_token,
        );
        world.advance(30 * 86_400);
        let mut fault = Fault::new("/oauth/token", kind);
        fault.times = Some(1);
        world.sim.state().faults.add(fault);
        for _ in 0..3 {
            world.lease(&connection).await.expect_err("lost");
            world.advance(70);
        }
        world.connect().await;
    }
    // Every token of the simulator begins like this.
    secrets.extend(["pdus+_0ACME_".to_owned(), "pdus+_1ACME_".to_owned()]);
    let dump = dump(&world.pool).await;
    drop(world);
    let logged = String::from_utf8_lossy(&log.0.lock().expect("the log")).into_owned();
    assert!(logged.contains("a refresh failed") && dump.contains("acme"));
    for secret in secrets {
        for spelling in spellings(&secret) {
            let at = logged
                .find(&spelling)
                .map(|at| &logged[at.saturating_sub(300)..at]);
            assert_eq!(at, None, "{spelling} is in the log");
            assert!(!dump.contains(&spelling), "{spelling} is in the database");
        }
    }
}

async fn dump(pool: &PgPool) -> String {
    let tables = [
        "people",
        "sessions",
        "sign_in_links",
        "connections",
        "grants",
        "consents",
        "audit_log",
    ];
    let mut dump = String::new();
    for table in tables {
        let sql = format!("select coalesce(string_agg(r::text, ' '), '') from {table} r");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .expect("rows");
        dump.push_str(&rows);
    }
    dump
}
