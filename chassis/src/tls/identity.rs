//! Our certificate, its key and the authority, as rustls wants them, and reading them again.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
    version::TLS13,
};
use tokio_util::sync::CancellationToken;

use super::{Files, TlsError};

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// gRPC is HTTP/2.
const ALPN: &[u8] = b"h2";

/// What this service shows and whom it believes.
#[derive(Clone)]
pub struct Identity {
    files: Files,
    loaded: Arc<RwLock<Loaded>>,
}

#[derive(Clone)]
struct Loaded {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    stamp: Stamp,
}

/// When each of the three files was written, and how long it is.
type Stamp = [(Option<SystemTime>, u64); 3];

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Identity {
    /// Reads the files.
    pub fn load(files: Files) -> Result<Self, TlsError> {
        let loaded = load(&files)?;
        Ok(Self {
            files,
            loaded: Arc::new(RwLock::new(loaded)),
        })
    }

    /// Reads the files again if they have changed; answers whether they had. What cannot be used
    /// leaves everything as it was.
    pub fn reload(&self) -> Result<bool, TlsError> {
        if stamp(&self.files) == self.now().stamp {
            return Ok(false);
        }
        let fresh = load(&self.files)?;
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(true)
    }

    /// Looks at the files every second until the process stops.
    pub async fn watch(self, stopping: CancellationToken) -> Result<(), std::convert::Infallible> {
        let mut complained = None;
        loop {
            tokio::select! {
                () = stopping.cancelled() => return Ok(()),
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            match self.reload() {
                Ok(true) => tracing::info!("the certificates have changed and are in use"),
                Ok(false) => complained = None,
                Err(error) => {
                    // Files are replaced one after the other: half of a change is no news twice.
                    let seen = Some(stamp(&self.files));
                    if complained != seen {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "the changed certificates cannot be used"
                        );
                        complained = seen;
                    }
                }
            }
        }
    }

    pub(super) fn server(&self) -> Arc<ServerConfig> {
        self.now().server
    }

    pub(super) fn client(&self) -> Arc<ClientConfig> {
        self.now().client
    }

    fn now(&self) -> Loaded {
        self.loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn stamp(files: &Files) -> Stamp {
    [&files.cert, &files.key, &files.ca].map(|path| {
        let found = std::fs::metadata(path).ok();
        let length = found.as_ref().map_or(0, std::fs::Metadata::len);
        (found.and_then(|found| found.modified().ok()), length)
    })
}

fn load(files: &Files) -> Result<Loaded, TlsError> {
    let stamp = stamp(files);
    let chain = certificates(&files.cert)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|_| TlsError::Pem(files.key.clone()))?;
    let mut roots = RootCertStore::empty();
    for root in certificates(&files.ca)? {
        roots.add(root)?;
    }
    let roots = Arc::new(roots);
    let provider = Arc::new(aws_lc_rs::default_provider());
    Ok(Loaded {
        server: Arc::new(server(&provider, &roots, (chain.clone(), key.clone_key()))?),
        client: Arc::new(client(&provider, &roots, (chain, key))?),
        stamp,
    })
}

type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn server(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    (chain, key): Pair,
) -> Result<ServerConfig, TlsError> {
    let verifier =
        WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build()?;
    let mut config = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    // A resumed session would be believed without looking at its certificate again.
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

fn client(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    (chain, key): Pair,
) -> Result<ClientConfig, TlsError> {
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(roots.clone())
        .with_client_auth_cert(chain, key)?;
    config.resumption = rustls::client::Resumption::disabled();
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unfit = || TlsError::Pem(PathBuf::from(path));
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let found = found.map_err(|_| unfit())?;
    if found.is_empty() {
        return Err(unfit());
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|error| TlsError::File(path.to_owned(), error))
}
