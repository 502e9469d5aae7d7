//! A running simulator: in-process for tests, or behind the binary.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum_server::Handle;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio_util::task::TaskTracker;

use crate::account::{Account, AdminUser, Region};
use crate::clock::Clock;
use crate::identity::{Identity, authorize};
use crate::options::Options;
use crate::rate_limit::RateLimit;
use crate::server::{Listener, router};
use crate::state::{AppState, BaseUrl, Shared};
use crate::tls::Certificates;
use crate::world::World;

/// Subdomain, account id, region.
const ACCOUNTS: &[(&str, &str, Region)] = &[
    ("acme", "PACME01", Region::Us),
    ("globex", "PGLOBX1", Region::Us),
    ("euro", "PEURO01", Region::Eu),
];

/// A simulator that listens until it is dropped or shut down.
#[derive(Debug)]
pub struct Simulator {
    state: AppState,
    url: String,
    tls_url: Option<String>,
    ca_pem_path: Option<PathBuf>,
    ca_is_temporary: bool,
    handles: Vec<Handle<SocketAddr>>,
    tasks: TaskTracker,
}

impl Simulator {
    /// Builds the accounts, binds and serves.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let listener = Listener::bind(options.listen)
            .with_context(|| format!("listen on {}", options.listen))?;
        let url = options
            .public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", reachable(listener.address)));
        let url = url.trim_end_matches('/').to_owned();
        let state = build_state(&options);
        state.webhooks.start(&state);
        let mut simulator = Self {
            state,
            url,
            tls_url: None,
            ca_pem_path: None,
            ca_is_temporary: options.ca_pem_path.is_none(),
            handles: Vec::new(),
            tasks: TaskTracker::new(),
        };
        let base = simulator.url.clone();
        simulator.serve(listener, &base, None);
        if let Some(address) = options.tls_listen {
            simulator.serve_tls(address, options.ca_pem_path.as_deref())?;
        }
        for handle in &simulator.handles {
            handle
                .listening()
                .await
                .context("a listener did not come up")?;
        }
        simulator.tasks.close();
        Ok(simulator)
    }

    fn serve_tls(&mut self, address: SocketAddr, ca_pem_path: Option<&Path>) -> anyhow::Result<()> {
        let listener = Listener::bind(address).with_context(|| format!("listen on {address}"))?;
        let names = ["localhost", "127.0.0.1", "::1", "pagerduty-sim"].map(str::to_owned);
        let certificates = Certificates::issue(&names)?;
        self.ca_pem_path = Some(certificates.write_ca(ca_pem_path)?);
        let url = format!("https://localhost:{}", listener.address.port());
        self.serve(listener, &url, Some(certificates));
        self.tls_url = Some(url);
        Ok(())
    }

    fn serve(&mut self, listener: Listener, url: &str, certificates: Option<Certificates>) {
        let handle = Handle::new();
        let router = router(&self.state, BaseUrl(Arc::from(url)));
        self.handles.push(handle.clone());
        self.tasks.spawn(async move {
            if let Err(error) = listener.serve(router, certificates.as_ref(), handle).await {
                tracing::error!(%error, "listener ended");
            }
        });
    }

    /// The address of identity and the US API, for example `http://127.0.0.1:4100`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address of the European API.
    pub fn eu_url(&self) -> String {
        format!("{}{}", self.url, Region::Eu.path_prefix())
    }

    /// The same over HTTPS, when it listens there.
    pub fn tls_url(&self) -> Option<&str> {
        self.tls_url.as_deref()
    }

    /// The certificate clients of `tls_url` have to trust.
    pub fn ca_pem_path(&self) -> Option<&Path> {
        self.ca_pem_path.as_deref()
    }

    /// Clock, accounts, identity, ledger, faults, limits: everything `/sim/*` controls, for tests in this process.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// What a browser would do with an authorization URL: signs in, decides (`allow` or `deny`) and answers where it
    /// is sent back to.
    pub fn consent(
        &self,
        authorize_url: &str,
        email: &str,
        decision: &str,
    ) -> Result<String, String> {
        authorize::walk(&self.state, authorize_url, email, decision)
    }

    /// Stops listening and waits until every connection is gone, a second at most.
    pub async fn shutdown(self) {
        self.stop();
        let waited = tokio::time::timeout(Duration::from_secs(1), self.tasks.wait()).await;
        if waited.is_err() {
            tracing::warn!("connections were still open");
        }
    }

    fn stop(&self) {
        self.state.webhooks.stop();
        for handle in &self.handles {
            handle.shutdown();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop();
        if let (true, Some(folder)) = (
            self.ca_is_temporary,
            self.ca_pem_path.as_deref().and_then(Path::parent),
        ) {
            // Best effort: a file left in the temporary folder harms nobody.
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

fn build_state(options: &Options) -> AppState {
    let clock = Clock::default();
    let anchor = options.anchor.unwrap_or_else(|| today(&clock));
    let accounts = ACCOUNTS
        .iter()
        .zip(0..)
        .map(|(account, index)| Arc::new(build_account(options, anchor, account, index)));
    let accounts = accounts.collect();
    let subdomains: Vec<&str> = ACCOUNTS.iter().map(|(subdomain, ..)| *subdomain).collect();
    AppState::new(Shared {
        identity: Identity::new(clock.clone(), &options.redirect_uris, &subdomains),
        clock,
        accounts,
        ledger: crate::ledger::Ledger::default(),
        faults: crate::faults::Faults::default(),
        rate_limit: RateLimit::new(options.rate_limit),
        webhooks: crate::webhooks::Webhooks::default(),
    })
}

fn build_account(
    options: &Options,
    anchor: Date,
    account: &(&str, &str, Region),
    index: u32,
) -> Account {
    let (subdomain, id, region) = *account;
    let world = World::generate(options.seed, options.size, anchor, index);
    let admin = AdminUser::new(
        world.admin_user_id().to_owned(),
        format!("admin@{subdomain}.example"),
    );
    Account {
        id: id.to_owned(),
        subdomain: subdomain.to_owned(),
        region,
        abilities: std::sync::RwLock::new(Account::every_ability()),
        world: Arc::new(world),
        admin,
    }
}

fn today(clock: &Clock) -> Date {
    clock.now().to_zoned(TimeZone::UTC).date()
}

/// An address to connect to: the loopback interface when bound to every interface.
fn reachable(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}
