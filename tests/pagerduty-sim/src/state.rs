//! The state every handler shares. Cloning is cheap: one pointer.

use std::ops::Deref;
use std::sync::Arc;

use crate::account::{Account, Region};
use crate::clock::Clock;
use crate::faults::Faults;
use crate::identity::Identity;
use crate::ledger::Ledger;
use crate::rate_limit::RateLimit;
use crate::webhooks::Webhooks;

/// The simulator's shared state.
#[derive(Clone, Debug)]
pub struct AppState(Arc<Shared>);

/// What is behind `AppState`; reached by dereferencing it.
#[derive(Debug)]
pub struct Shared {
    /// The simulator's time.
    pub clock: Clock,
    /// `acme`, `globex`, `euro`.
    pub accounts: Vec<Arc<Account>>,
    /// OAuth apps, grants and tokens.
    pub identity: Identity,
    /// What was asked and answered.
    pub ledger: Ledger,
    /// What goes wrong on purpose.
    pub faults: Faults,
    /// Requests per minute.
    pub rate_limit: RateLimit,
    /// Who is told of what happens.
    pub webhooks: Webhooks,
}

impl AppState {
    /// Shares the state.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }

    /// The account of this subdomain.
    pub fn account(&self, subdomain: &str) -> Option<&Arc<Account>> {
        self.accounts
            .iter()
            .find(|account| account.subdomain == subdomain)
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// Under which addresses the listener that took this request is reached; a request extension set per listener.
#[derive(Clone, Debug)]
pub struct BaseUrl(pub Arc<str>);

impl BaseUrl {
    /// The API base URL of a region: the root, or `/eu`.
    pub fn api(&self, region: Region) -> String {
        format!("{}{}", self.0, region.path_prefix())
    }

    /// The issuer of `id_token`s, in the form the documentation prints.
    pub fn issuer(&self) -> String {
        format!("{}/global/oauth/anonymous", self.0)
    }
}
