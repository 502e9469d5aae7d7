//! The simulator's own certificate authority and the server certificate it signs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server identity for the names of this machine, and the authority that vouches for it.
#[derive(Debug)]
pub struct Certificates {
    /// The authority's certificate, for clients to trust.
    pub ca_pem: String,
    /// What the listener runs with.
    pub server: Arc<ServerConfig>,
}

impl Certificates {
    /// Makes a new authority and a certificate for these host names and addresses.
    pub fn issue(names: &[String]) -> anyhow::Result<Self> {
        let mut ca = CertificateParams::new(Vec::new())?;
        ca.distinguished_name
            .push(DnType::CommonName, "PagerDuty simulator test authority");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let ca_key = KeyPair::generate()?;
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let issuer = Issuer::new(ca, ca_key);

        let mut leaf = CertificateParams::new(names.to_vec())?;
        leaf.distinguished_name
            .push(DnType::CommonName, "PagerDuty simulator");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let leaf_key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&leaf_key, &issuer)?;

        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(leaf_key.serialize_der()));
        let mut server = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            ca_pem,
            server: Arc::new(server),
        })
    }

    /// Writes the authority's certificate to this path or to a temporary folder, and answers the path.
    pub fn write_ca(&self, path: Option<&Path>) -> anyhow::Result<PathBuf> {
        let path = path.map_or_else(
            || {
                std::env::temp_dir()
                    .join(format!("pagerduty-sim-{}", uuid::Uuid::new_v4()))
                    .join("ca.pem")
            },
            Path::to_path_buf,
        );
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("create {}", folder.display()))?;
        }
        std::fs::write(&path, &self.ca_pem).with_context(|| format!("write {}", path.display()))?;
        Ok(path)
    }
}
