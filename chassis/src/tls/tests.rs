use std::{collections::BTreeMap, fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};

use super::*;

const NAMES: Names = Names {
    cert: "X_TLS_CERT",
    key: "X_TLS_KEY",
    ca: "X_TLS_CA",
    allow_plaintext: "X_ALLOW_PLAINTEXT",
};

fn leaf(uris: &[&str]) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let uris = uris.iter().map(|uri| (*uri).try_into().expect("a URI"));
    params.subject_alt_names.extend(uris.map(SanType::URI));
    (params, KeyPair::generate().expect("a key"))
}

/// Writes a new authority, certificate and key.
fn write(folder: &Path, uris: &[&str]) -> Files {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().expect("a key");
    let ca_pem = ca.self_signed(&ca_key).expect("signed").pem();
    let issuer = Issuer::new(ca, ca_key);
    let (params, key) = leaf(uris);
    let cert = params.signed_by(&key, &issuer).expect("signed");
    let files = Files {
        cert: folder.join("cert.pem"),
        key: folder.join("key.pem"),
        ca: folder.join("ca.pem"),
    };
    fs::write(&files.cert, cert.pem()).expect("written");
    fs::write(&files.key, key.serialize_pem()).expect("written");
    fs::write(&files.ca, ca_pem).expect("written");
    files
}

fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("chassis-tls-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    folder
}

#[test]
fn a_certificate_names_one_service_or_none() {
    let named = |uris: &[&str]| {
        let (params, key) = leaf(uris);
        service_of(params.self_signed(&key).expect("signed").der())
    };
    assert_eq!(
        named(&["spiffe://quolum/ingest-service"]).as_deref(),
        Some("ingest-service")
    );
    for unfit in [
        &[][..],
        &["spiffe://elsewhere/ingest-service"],
        &["spiffe://quolum/"],
        &["spiffe://quolum/a/b"],
        &["spiffe://quolum/a", "spiffe://quolum/b"],
    ] {
        assert_eq!(named(unfit), None, "{unfit:?}");
    }
}

#[test]
fn files_that_do_not_fit_together_leave_the_old_ones_in_use() {
    let folder = folder("reload");
    let identity = Identity::load(write(&folder, &["spiffe://quolum/a"])).expect("loaded");
    assert!(!identity.reload().expect("unchanged"));
    let before = std::sync::Arc::as_ptr(&identity.server());
    // Only the key is replaced so far.
    let other = KeyPair::generate().expect("a key").serialize_pem();
    fs::write(folder.join("key.pem"), format!("{other}\n")).expect("written");
    assert!(matches!(identity.reload(), Err(TlsError::Unfit(_))));
    fs::write(folder.join("key.pem"), "not PEM").expect("written");
    assert!(matches!(identity.reload(), Err(TlsError::Pem(_))));
    assert_eq!(std::sync::Arc::as_ptr(&identity.server()), before);
    write(&folder, &["spiffe://quolum/a"]);
    assert!(identity.reload().expect("fit again"));
    assert_ne!(std::sync::Arc::as_ptr(&identity.server()), before);
    fs::remove_dir_all(folder).expect("removed");
}

fn mistakes(pairs: &[(&str, &str)], addr: &str, url: &str) -> Vec<String> {
    let variables: BTreeMap<_, _> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut reader = Reader::new("X_", variables);
    if let Some(settings) = Settings::read(&mut reader, NAMES) {
        let addr = addr.parse().expect("an address");
        settings.check_listener(&mut reader, "X_GRPC_ADDR", addr, NAMES);
        settings.check_peer(&mut reader, "X_PEER_URL", url, NAMES);
    }
    let read = reader.finish(|| Some(()));
    read.map_or_else(|error| error.0, |_| Vec::new())
}

#[test]
fn plaintext_stays_on_the_machine_unless_it_is_allowed() {
    let none = |addr, url| mistakes(&[], addr, url).len();
    assert_eq!(none("127.0.0.1:1", "http://127.0.0.1:1"), 0);
    assert_eq!(none("[::1]:1", "http://[::1]:1"), 0);
    assert_eq!(none("127.0.0.1:1", "http://localhost:1"), 0);
    assert_eq!(none("0.0.0.0:1", "http://auth-service:1"), 2);
    assert_eq!(none("127.0.0.1:1", "https://auth-service:1"), 1);
    assert_eq!(none("127.0.0.1:1", "auth-service:1"), 1);
    let allowed = [("X_ALLOW_PLAINTEXT", "true")];
    assert!(mistakes(&allowed, "0.0.0.0:1", "http://auth-service:1").is_empty());
}

#[test]
fn certificates_come_as_three_files_and_forbid_plaintext() {
    let all = [
        ("X_TLS_CERT", "/c"),
        ("X_TLS_KEY", "/k"),
        ("X_TLS_CA", "/a"),
    ];
    assert!(mistakes(&all, "0.0.0.0:1", "https://auth-service:1").is_empty());
    assert_eq!(mistakes(&all, "0.0.0.0:1", "http://127.0.0.1:1").len(), 1);
    for left_out in 0..all.len() {
        let mut some = all.to_vec();
        some.remove(left_out);
        let found = mistakes(&some, "127.0.0.1:1", "http://127.0.0.1:1");
        assert!(found[0].contains("go together"), "{found:?}");
    }
}
