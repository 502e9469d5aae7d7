//! A private authority and what it vouches for.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chassis::tls::Files;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, SanType, date_time_ymd,
};

/// An authority.
pub(crate) struct Authority {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate with its key.
pub(crate) struct Leaf {
    pub(crate) certificate: Certificate,
    key: KeyPair,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = ca.self_signed(&key).expect("signed").pem();
        Self {
            pem,
            issuer: Issuer::new(ca, key),
        }
    }

    /// For a service on this machine; an empty name makes a certificate that names nobody.
    pub(crate) fn issue(&self, service: &str) -> Leaf {
        self.issue_until(service, 4_000)
    }

    pub(crate) fn issue_until(&self, service: &str, year: i32) -> Leaf {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).expect("names");
        params.not_before = date_time_ymd(1_990, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        if !service.is_empty() {
            let uri = format!("spiffe://quolum/{service}");
            let uri = uri.as_str().try_into().expect("a URI");
            params.subject_alt_names.push(SanType::URI(uri));
        }
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed");
        Leaf { certificate, key }
    }
}

/// A folder that goes with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let path = std::env::temp_dir().join(format!("quolum-tls-{}", uuid::Uuid::new_v4()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    /// Where a service's files are.
    pub(crate) fn files(&self, name: &str) -> Files {
        let path = |part: &str| self.0.join(format!("{name}-{part}.pem"));
        Files {
            cert: path("cert"),
            key: path("key"),
            ca: path("ca"),
        }
    }

    /// Writes (or replaces, as Kubernetes does) what a service needs; `trusted` is what it believes.
    pub(crate) fn write(&self, name: &str, leaf: &Leaf, trusted: &str) -> Files {
        let files = self.files(name);
        replace(&files.ca, trusted);
        replace(&files.cert, &leaf.certificate.pem());
        replace(&files.key, &leaf.key.serialize_pem());
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("written");
    fs::rename(&new, path).expect("replaced");
}
