//! Secrets stay where they belong: not in the log at its most talkative, not in a dump of the database.

use std::{
    fmt::Write as _,
    io::Write,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use pagerduty_sim::faults::{Fault, FaultKind};
use proto::auth::v1::{RedeemSignInLinkRequest, Role};
use sqlx::PgPool;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    harness::{BINDING, Setup, World},
    oidc,
    smtp::MailServer,
};

#[derive(Clone, Default)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<u8>>>);

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
pub(crate) fn spellings(secret: &str) -> Vec<String> {
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

pub(crate) async fn dump(pool: &PgPool) -> String {
    let tables = [
        "people",
        "sessions",
        "sign_in_links",
        "connections",
        "grants",
        "consents",
        "audit_log",
        "invitations",
        "invitation_tokens",
        "api_keys",
        "outbox",
        "throttles",
        "oidc_sign_ins",
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

/// Nobody else may know what signs a person in or connects an account.
#[sqlx::test(migrations = "./migrations")]
async fn no_secret_of_people_is_logged_or_stored_in_clear(pool: PgPool) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = MailServer::start().await;
    let running = oidc::provider::start().await;
    let mut variables = server.variables();
    variables.extend(oidc::settings(&running.provider));
    let setup = Setup {
        variables,
        ..Setup::default()
    };
    let mut world = World::with(pool, setup).await;
    let clock = world.clock.clone();
    running.provider.behavior(|it| it.clock = clock);
    let mut secrets = vec![BINDING.to_owned(), "oidc/secret:".to_owned()];

    world.send_link("owner@acme.example").await.expect("sent");
    world.until_taken(&server, 1).await;
    let token = server.taken()[0].token();
    let redeem = RedeemSignInLinkRequest {
        token: token.clone(),
    };
    let identity = &mut world.replicas[0].identity;
    let opened = identity.redeem_sign_in_link(redeem.clone()).await;
    let session = opened.expect("signed in").into_inner().session_token;
    let refused = identity
        .redeem_sign_in_link(redeem)
        .await
        .expect_err("used");
    let mut answers = format!("{refused:?}");
    secrets.extend([token, session]);

    let back = world.visit_provider(&running.provider).await;
    secrets.extend([back.state.clone(), back.code.clone()]);
    let ended = world.complete_oidc(back.clone()).await.expect("signed in");
    secrets.push(ended.session_token);
    running
        .provider
        .behavior(|it| secrets.push(it.form["code_verifier"].clone()));
    let again = world.complete_oidc(back).await.expect_err("used");
    write!(answers, "{again:?}").expect("text");

    let owner = world.member.person.to_string();
    let key = world
        .make_key(&owner, Role::Admin)
        .await
        .expect("a key")
        .secret;
    world.authenticate(&key).await.expect("known");
    let refused = world.authenticate(&format!("{key}x")).await;
    write!(answers, "{:?}", refused.expect_err("unknown")).expect("text");
    secrets.push(key);

    let (_, token) = world.invited().await;
    world.until_taken(&server, 2).await;
    secrets.extend([token.clone(), server.taken()[1].token()]);
    world.accept(&token).await.expect("begun");
    let used = world.accept(&token).await.expect_err("used");
    write!(answers, "{used:?}").expect("text");

    let dump = dump(&world.pool).await;
    drop(world);
    let logged = String::from_utf8_lossy(&log.0.lock().expect("the log")).into_owned();
    assert!(logged.len() > 10_000 && dump.contains("invitation.accepted"));
    assert!(!logged.contains("acme.example"), "an address is in the log");
    for secret in secrets {
        for spelling in spellings(&secret) {
            for (place, text) in [("log", &logged), ("database", &dump), ("answers", &answers)] {
                assert!(!text.contains(&spelling), "{spelling} is in the {place}");
            }
        }
    }
}
