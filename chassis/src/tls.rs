//! TLS between services: both sides show a certificate of one private authority, and who calls is read
//! from the certificate. Certificates are read again when their files change, so that a rotation needs
//! no restart; connections that are open keep what they began with.
//!
//! What a caller may call is the business of [`crate::caller`].

use std::{net::SocketAddr, path::PathBuf};

use http::Uri;
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

use crate::{Lifecycle, config::Reader};

mod client;
mod identity;
mod server;
mod stores;

pub use client::{Peer, channel};
pub use identity::Identity;
pub use server::{Accepted, incoming};

/// A service's identity in its certificate is the URI name with this beginning.
pub const TRUST_DOMAIN: &str = "spiffe://quolum/";

/// The variables of one service's TLS settings.
#[derive(Debug, Clone, Copy)]
pub struct Names {
    /// The certificate chain's file.
    pub cert: &'static str,
    /// The private key's file.
    pub key: &'static str,
    /// The authority's file.
    pub ca: &'static str,
    /// Whether plaintext may leave the machine.
    pub allow_plaintext: &'static str,
}

/// The files, in PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// Our certificate and what stands between it and the authority.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authority (or several) that vouches for every service.
    pub ca: PathBuf,
}

/// How this service talks to the others.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `None`: in plaintext.
    pub files: Option<Files>,
    /// Plaintext may leave the machine; for development.
    pub allow_plaintext: bool,
}

/// TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read `{0}`")]
    File(PathBuf, #[source] std::io::Error),
    /// A file is not what its name says.
    #[error("`{0}` holds no usable PEM")]
    Pem(PathBuf),
    /// Certificate, key and authority do not make a configuration.
    #[error("the certificate, its key or the authority cannot be used")]
    Unfit(#[from] rustls::Error),
    /// The authority's file holds nothing to trust.
    #[error("the authority cannot be used")]
    Authority(#[from] rustls::server::VerifierBuilderError),
    /// The address of a peer.
    #[error("`{0}` is no address of a service")]
    Address(String),
    /// https without certificates.
    #[error("`{0}` needs a certificate of our own")]
    NoIdentity(String),
}

impl Settings {
    /// Reads the four variables; certificate, key and authority go together.
    pub fn read(reader: &mut Reader, names: Names) -> Option<Self> {
        let cert = reader.or_default::<String>(names.cert, "")?;
        let key = reader.or_default::<String>(names.key, "")?;
        let ca = reader.or_default::<String>(names.ca, "")?;
        let allow_plaintext = reader.or_default(names.allow_plaintext, "false")?;
        let set = [&cert, &key, &ca]
            .into_iter()
            .filter(|path| !path.is_empty());
        let files = match set.count() {
            0 => None,
            3 => Some(Files {
                cert: cert.into(),
                key: key.into(),
                ca: ca.into(),
            }),
            _ => {
                reader.reject(format!(
                    "{}, {} and {} go together; set all three or none",
                    names.cert, names.key, names.ca
                ));
                return None;
            }
        };
        Some(Self {
            files,
            allow_plaintext,
        })
    }

    /// A port that other services call: in plaintext only on the loopback interface, unless allowed.
    pub fn check_listener(&self, reader: &mut Reader, name: &str, addr: SocketAddr, names: Names) {
        if self.files.is_none() && !self.allow_plaintext && !addr.ip().is_loopback() {
            reader.reject(format!(
                "{name}: `{addr}` can be reached from outside and there is no TLS; set {}, {} and {}, or {}=true for development",
                names.cert, names.key, names.ca, names.allow_plaintext
            ));
        }
    }

    /// The address of a peer: https with certificates; plaintext as for a port.
    pub fn check_peer(&self, reader: &mut Reader, name: &str, url: &str, names: Names) {
        let uri = url.parse::<Uri>().ok();
        let scheme = uri.as_ref().and_then(Uri::scheme_str);
        let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
        let stays = is_loopback(host);
        let mistake = match (scheme, &self.files) {
            (Some("https"), Some(_)) => return,
            (Some("https"), None) => {
                format!("https needs {}, {} and {}", names.cert, names.key, names.ca)
            }
            (Some("http"), Some(_)) => "with certificates it must begin with https://".to_owned(),
            (Some("http"), None) if stays || self.allow_plaintext => return,
            (Some("http"), None) => format!(
                "it leaves the machine in plaintext; use https, or {}=true for development",
                names.allow_plaintext
            ),
            _ => "it does not begin with https:// or http://".to_owned(),
        };
        reader.reject(format!("{name}: {mistake}"));
    }

    /// Loads the files.
    pub fn transport(&self) -> Result<Transport, TlsError> {
        Ok(match &self.files {
            Some(files) => Transport::Mutual(Identity::load(files.clone())?),
            None => Transport::Plaintext,
        })
    }
}

/// How bytes travel between services.
#[derive(Debug, Clone)]
pub enum Transport {
    /// In clear.
    Plaintext,
    /// With certificates on both sides.
    Mutual(Identity),
}

impl Transport {
    /// Reads the certificates again whenever their files change, until the process stops.
    pub fn watch(&self, lifecycle: &Lifecycle) {
        if let Self::Mutual(identity) = self {
            let watching = identity.clone().watch(lifecycle.stopping());
            lifecycle.spawn("certificates", watching);
        }
    }
}

/// The service that a certificate names, if it names exactly one.
fn service_of(certificate: &CertificateDer<'_>) -> Option<String> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    let mut names = certificate
        .valid_uri_names()
        .filter_map(|uri| uri.strip_prefix(TRUST_DOMAIN));
    let name = names.next()?;
    let fit = !name.is_empty() && !name.contains('/') && names.next().is_none();
    fit.then(|| name.to_owned())
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests;
