//! Secrets in everything that leaves the process: log at its most talkative, dump of the database,
//! metrics, answers. Searched in six encodings.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use metrics_exporter_prometheus::PrometheusBuilder;
use pagerduty_sim::faults::{Fault, FaultKind};
use proto::auth::v1::{
    ConnectDirectlyRequest, ListConnectionsRequest, OpenRequest, ReportRejectedRequest, SealRequest,
};
use sqlx::PgPool;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{BINDING, World, lease_request};

const WEBHOOK_SECRET: &str = "whsec+/\"\\ tab\there";

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

/// Plain, hexadecimal, base64 at each of its three offsets, percent-encoded, JSON-escaped, and as a
/// list of decimal bytes.
fn spellings(secret: &str) -> Vec<String> {
    let decimal: Vec<_> = secret.bytes().map(|byte| byte.to_string()).collect();
    let percent: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let hexadecimal = secret
        .bytes()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let json = serde_json::to_string(secret).expect("JSON");
    let mut all = vec![
        secret.to_owned(),
        hexadecimal.to_uppercase(),
        hexadecimal,
        percent,
        json.trim_matches('"').to_owned(),
        decimal.join(", "),
        decimal.join(","),
    ];
    for offset in 0..3 {
        // Characters that also depend on what stands before or behind are left out.
        let padded = [vec![0; offset], secret.as_bytes().to_vec()].concat();
        let whole = padded.len() / 3 * 3;
        let encoded = STANDARD.encode(&padded[..whole]);
        all.push(encoded[if offset == 0 { 0 } else { 4 }..].to_owned());
    }
    all
}

async fn dump(pool: &PgPool) -> String {
    let tables: Vec<String> = sqlx::query_scalar(
        "select table_name::text from information_schema.tables where table_schema = 'public'",
    )
    .fetch_all(pool)
    .await
    .expect("tables");
    let mut dump = String::new();
    for table in tables {
        let sql = format!("select coalesce(string_agg(r::text, ' '), '') from \"{table}\" r");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .fetch_one(pool)
            .await
            .expect("rows");
        dump.push_str(&rows);
    }
    dump
}

#[sqlx::test(migrations = "./migrations")]
async fn no_secret_leaves_the_process_in_any_of_six_encodings(pool: PgPool) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let _metrics_guard = metrics::set_default_local_recorder(&recorder);
    let mut world = World::start(pool).await;
    let mut answers = Vec::new();
    let back = world
        .visit(world.begin_request(), "admin@acme.example", "allow")
        .await;
    let mut secrets = vec![
        back.code.clone(),
        back.state.clone(),
        BINDING.to_owned(),
        "classic-secret".to_owned(),
        "acme-api-key".to_owned(),
        WEBHOOK_SECRET.to_owned(),
    ];
    let completed = world.complete(back).await;
    answers.push(format!("{completed:?}"));
    let connection = completed.connection.expect("a connection");
    let of = (connection.org_id.clone(), connection.id.clone());
    let mut client = world.replicas[0].credential.clone();
    let seal = SealRequest {
        org_id: of.0.clone(),
        connection_id: of.1.clone(),
        field: "webhook_secret".to_owned(),
        secret: WEBHOOK_SECRET.as_bytes().to_vec(),
    };
    let sealed = client.seal(seal).await.expect("sealed").into_inner();
    answers.push(format!("{sealed:?}"));
    for field in ["webhook_secret", "elsewhere"] {
        let open = OpenRequest {
            org_id: of.0.clone(),
            connection_id: of.1.clone(),
            field: field.to_owned(),
            sealed: sealed.sealed.clone(),
        };
        if let Err(status) = client.open(open).await {
            answers.push(format!("{status:?}"));
        }
    }
    for kind in [
        FaultKind::Malformed,
        FaultKind::Truncate,
        FaultKind::Html,
        FaultKind::Reset,
    ] {
        let lease = client
            .lease_token(lease_request(&connection))
            .await
            .expect("a token")
            .into_inner();
        secrets.push(lease.access_token);
        world.advance(30 * 86_400);
        let mut fault = Fault::new("/oauth/token", kind);
        fault.times = Some(1);
        world.sim.state().faults.add(fault);
        for _ in 0..3 {
            match client.lease_token(lease_request(&connection)).await {
                Ok(lease) => secrets.push(lease.into_inner().access_token),
                Err(status) => answers.push(format!("{status:?}")),
            }
            world.advance(70);
        }
        let connection = world.connect().await;
        answers.push(format!("{connection:?}"));
    }
    let rejected = ReportRejectedRequest {
        org_id: of.0.clone(),
        connection_id: of.1.clone(),
        token_version: 1,
    };
    answers.push(format!("{:?}", client.report_rejected(rejected).await));
    for key in ["acme-api-key", "not-a-key"] {
        let direct = ConnectDirectlyRequest {
            org_id: of.0.clone(),
            person_id: world.member.person.to_string(),
            api_key: key.to_owned(),
            subdomain: String::new(),
            region: 1,
        };
        answers.push(format!(
            "{:?}",
            world.replicas[0].connection.connect_directly(direct).await
        ));
    }
    let list = ListConnectionsRequest { org_id: of.0 };
    answers.push(format!(
        "{:?}",
        world.replicas[0].connection.list_connections(list).await
    ));
    // Every token of the simulator begins like this.
    secrets.extend(["pdus+_0ACME_".to_owned(), "pdus+_1ACME_".to_owned()]);
    let places = [
        ("the database", dump(&world.pool).await),
        ("the metrics", metrics.render()),
        ("an answer", answers.concat()),
    ];
    drop(world);
    let logged = String::from_utf8_lossy(&log.0.lock().expect("the log")).into_owned();
    assert!(logged.contains("a refresh failed") && places[0].1.contains("acme"));
    assert!(places[1].1.contains("auth_leases_total"), "{}", places[1].1);
    for secret in secrets {
        for spelling in spellings(&secret) {
            let at = logged
                .find(&spelling)
                .map(|at| &logged[at.saturating_sub(300)..at]);
            assert_eq!(at, None, "{spelling} is in the log");
            for (place, text) in &places {
                assert!(!text.contains(&spelling), "{spelling} is in {place}");
            }
        }
    }
}
