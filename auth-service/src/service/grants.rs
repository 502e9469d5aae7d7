//! What lends, refreshes, seals and connects, put together.

use std::sync::Arc;

use anyhow::Context;

use crate::{
    config::IdentityProvider,
    consent::Consents,
    consent_clock::ConsentClock,
    direct::Direct,
    grpc::{connection::Connections, credential::Credentials},
    keeping::Keeper,
    lease::Lender,
    pagerduty::http::Http,
    refresh::Refresher,
    refresh_ahead::RefreshAhead,
};

/// The parts.
#[derive(Clone)]
pub(super) struct Grants {
    pub(super) credentials: Credentials,
    pub(super) connections: Connections,
    pub(super) ahead: RefreshAhead,
    pub(super) clock: ConsentClock,
}

impl Grants {
    pub(super) fn new(
        consents: &Consents,
        refresher: Refresher,
        identity: &IdentityProvider,
    ) -> anyhow::Result<Self> {
        let (store, clock) = (consents.store.clone(), consents.clock.clone());
        let direct = Direct {
            store: store.clone(),
            vault: consents.vault.clone(),
            provider: consents.provider.clone(),
            http: Http::new().context("build the HTTP client")?,
            api_urls: Arc::new(identity.api_urls.clone()),
            clock: clock.clone(),
        };
        let keeper = Keeper {
            store: store.clone(),
            vault: consents.vault.clone(),
            clock: clock.clone(),
        };
        Ok(Self {
            credentials: Credentials {
                lender: Lender::new(refresher.clone()),
                keeper,
            },
            connections: Connections {
                store: store.clone(),
                direct,
                clock: clock.clone(),
            },
            ahead: RefreshAhead { refresher },
            clock: ConsentClock { store, clock },
        })
    }
}
