//! Who gets in: certificates, names, methods, and certificates that change under load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use auth_service::{Config, Service};
use chassis::{
    Clock, Lifecycle,
    tls::{Files, Identity, Peer, Transport, channel},
};
use pagerduty_sim::{Options, Simulator};
use proto::auth::v1::{
    ListErasableRequest, ListSignInMethodsRequest, ListSyncableRequest,
    connection_service_client::ConnectionServiceClient,
    credential_service_client::CredentialServiceClient,
    identity_service_client::IdentityServiceClient,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use sqlx::PgPool;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::{
    certificates::{Authority, Folder, Leaf},
    harness,
};

const DEADLINE: Duration = Duration::from_secs(20);

struct House {
    url: String,
    folder: Folder,
    authority: Authority,
    lifecycle: Lifecycle,
    _sim: Simulator,
}

impl Drop for House {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

impl House {
    async fn start(pool: &PgPool, named: &str) -> Self {
        let sim = Simulator::start(Options::default())
            .await
            .expect("a simulator");
        let (folder, authority) = (Folder::new(), Authority::new());
        let files = folder.write("server", &authority.issue(named), &authority.pem);
        harness::plain_role(pool).await;
        let mut variables = harness::variables(pool, &sim);
        for (name, path) in [
            ("CERT", &files.cert),
            ("KEY", &files.key),
            ("CA", &files.ca),
        ] {
            variables.insert(format!("AUTH_TLS_{name}"), path.display().to_string());
        }
        let config = Config::from_variables(variables).expect("settings");
        let lifecycle = Lifecycle::new();
        let service = Service::build(config, Clock::System, None, lifecycle.clone())
            .await
            .expect("a service");
        let url = format!("https://{}", service.addrs().grpc);
        service.spawn();
        Self {
            url,
            folder,
            authority,
            lifecycle,
            _sim: sim,
        }
    }

    fn shown(&self, leaf: &Leaf) -> Channel {
        let name = uuid::Uuid::new_v4().to_string();
        let files = self.folder.write(&name, leaf, &self.authority.pem);
        self.with(&Identity::load(files).expect("loaded"))
    }

    fn with(&self, identity: &Identity) -> Channel {
        let peer = Peer {
            url: &self.url,
            service: "auth-service",
        };
        let transport = Transport::Mutual(identity.clone());
        channel(peer, &transport, |endpoint| endpoint).expect("a channel")
    }

    fn caller(&self, service: &str) -> Channel {
        self.shown(&self.authority.issue(service))
    }
}

async fn identity_call(channel: &Channel) -> Result<(), Status> {
    let mut client = IdentityServiceClient::new(channel.clone());
    let answer = client
        .list_sign_in_methods(ListSignInMethodsRequest {})
        .await;
    answer.map(drop)
}

async fn credential_call(channel: &Channel) -> Result<(), Status> {
    let mut client = CredentialServiceClient::new(channel.clone());
    client.list_syncable(ListSyncableRequest {}).await.map(drop)
}

async fn erasable_call(channel: &Channel) -> Result<(), Status> {
    let mut client = ConnectionServiceClient::new(channel.clone());
    client.list_erasable(ListErasableRequest {}).await.map(drop)
}

async fn health_call(channel: &Channel) -> Result<(), Status> {
    let mut client = HealthClient::new(channel.clone());
    client.check(HealthCheckRequest::default()).await.map(drop)
}

fn is_refused(answer: Result<(), Status>) -> bool {
    let status = answer.expect_err("refused");
    status.code() == Code::PermissionDenied
        && chassis::code::reason(&status).as_deref() == Some("CALLER")
}

#[sqlx::test(migrations = "./migrations")]
async fn each_caller_may_call_what_is_its_business_and_nothing_else(pool: PgPool) {
    let house = House::start(&pool, "auth-service").await;
    let dashboard = house.caller("dashboard-api");
    identity_call(&dashboard).await.expect("its business");
    erasable_call(&dashboard).await.expect("its business");
    assert!(is_refused(credential_call(&dashboard).await));
    let ingest = house.caller("ingest-service");
    credential_call(&ingest).await.expect("its business");
    erasable_call(&ingest).await.expect("its business");
    assert!(is_refused(identity_call(&ingest).await));
    for name in ["auth-service", "stranger", ""] {
        let nobody = house.caller(name);
        assert!(is_refused(identity_call(&nobody).await), "{name}");
        assert!(is_refused(credential_call(&nobody).await), "{name}");
        assert!(is_refused(erasable_call(&nobody).await), "{name}");
        health_call(&nobody).await.expect("open");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_foreign_or_expired_certificate_does_not_get_in(pool: PgPool) {
    let house = House::start(&pool, "auth-service").await;
    let foreign = Authority::new().issue("ingest-service");
    let expired = house.authority.issue_until("ingest-service", 2_020);
    for leaf in [foreign, expired] {
        let channel = house.shown(&leaf);
        let status = credential_call(&channel).await.expect_err("refused");
        let no_answer = [Code::Unavailable, Code::Unknown].contains(&status.code());
        assert!(
            no_answer && status.message().contains("transport"),
            "{status}"
        );
        assert!(health_call(&channel).await.is_err());
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn without_a_certificate_not_one_byte_is_answered(pool: PgPool) {
    let house = House::start(&pool, "auth-service").await;
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(house.authority.pem.as_bytes()).expect("PEM");
    roots.add(root).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let addr = house.url.trim_start_matches("https://");
    let tcp = TcpStream::connect(addr).await.expect("connected");
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    // With TLS 1.3 the client learns of the refusal when it reads.
    if let Ok(mut tls) = connector.connect(name, tcp).await {
        let _ = tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
        let mut answer = Vec::new();
        let read = tls.read_to_end(&mut answer).await;
        assert!(read.is_err() && answer.is_empty(), "{read:?} {answer:?}");
    }
    // In plaintext nobody talks at all.
    let mut tcp = TcpStream::connect(addr).await.expect("connected");
    tcp.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .expect("sent");
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    // A TLS alert (record type 21) and nothing else.
    assert!(answer.is_empty() || answer[0] == 21, "{answer:?}");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_client_talks_to_no_service_of_another_name(pool: PgPool) {
    let house = House::start(&pool, "ingest-service").await;
    let status = identity_call(&house.caller("dashboard-api")).await;
    assert_eq!(status.expect_err("refused").code(), Code::Unavailable);
}

/// The certificate that the server shows now, as a client of `identity` sees it.
async fn shows(house: &House, files: &Files, leaf: &Leaf) -> bool {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(&files.ca).expect("a file") {
        roots.add(root.expect("PEM")).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let addr = house.url.trim_start_matches("https://");
    let tcp = TcpStream::connect(addr).await.expect("connected");
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let Ok(tls) = connector.connect(name, tcp).await else {
        return false;
    };
    let (_, session) = tls.get_ref();
    session.peer_certificates().and_then(|chain| chain.first()) == Some(leaf.certificate.der())
}

#[sqlx::test(migrations = "./migrations")]
async fn certificates_and_authority_change_under_load_without_a_failed_call(pool: PgPool) {
    let house = Arc::new(House::start(&pool, "auth-service").await);
    let next = Authority::new();
    let both = format!("{}{}", house.authority.pem, next.pem);
    let client_files = house.folder.write(
        "client",
        &house.authority.issue("ingest-service"),
        &house.authority.pem,
    );
    let client = Identity::load(client_files.clone()).expect("loaded");
    let (stop, calls, failures) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut load = tokio::task::JoinSet::new();
    for worker in 0..8 {
        let (house, client) = (house.clone(), client.clone());
        let (stop, calls, failures) = (stop.clone(), calls.clone(), failures.clone());
        load.spawn(async move {
            let kept = house.with(&client);
            while !stop.load(Ordering::Relaxed) {
                // Half of the callers keep their connection, half make a new one for each call.
                let channel = if worker % 2 == 0 {
                    kept.clone()
                } else {
                    house.with(&client)
                };
                calls.fetch_add(1, Ordering::Relaxed);
                if let Err(status) = credential_call(&channel).await {
                    eprintln!("{status:?}");
                    failures.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    // A new leaf and both authorities trusted; leaves of the new authority; the old one forgotten.
    let steps = [
        (&house.authority, both.as_str()),
        (&next, both.as_str()),
        (&next, next.pem.as_str()),
    ];
    for (authority, trusted) in steps {
        let leaf = authority.issue("auth-service");
        house
            .folder
            .write("client", &authority.issue("ingest-service"), trusted);
        assert!(client.reload().expect("reloaded"));
        house.folder.write("server", &leaf, trusted);
        let until = Instant::now() + DEADLINE;
        while !shows(&house, &client_files, &leaf).await {
            assert!(
                Instant::now() < until,
                "the server still shows its old certificate"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let before = calls.load(Ordering::Relaxed);
        while calls.load(Ordering::Relaxed) < before + 100 {
            assert!(Instant::now() < until, "the load stands still");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    load.join_all().await;
    let (calls, failures) = (
        calls.load(Ordering::Relaxed),
        failures.load(Ordering::Relaxed),
    );
    assert_eq!(failures, 0, "of {calls} calls");
    assert!(calls > 300);
    // The old authority opens nothing any more.
    let old = house.shown(&house.authority.issue("ingest-service"));
    assert!(credential_call(&old).await.is_err());
}
