//! The parts of the service that deal with people: sign-in, members, keys, invitations, mail.

use std::sync::Arc;

use anyhow::Context;

use crate::{
    api_key::ApiKeys,
    config::people::{Mail, Oidc},
    consent::Consents,
    grpc::{identity, member},
    idp::http::Http,
    invitation::Invitations,
    mail::{Mailer, Server},
    member::Members,
    metrics::Metrics,
    oidc::provider::Provider,
    sign_in::SignIn,
};

/// The path that a provider sends the browser back to.
const OIDC_CALLBACK: &str = "/sign-in/oidc/callback";

/// Everything about people, wired.
#[derive(Debug, Clone)]
pub(super) struct People {
    pub(super) identity: identity::Identity,
    pub(super) members: member::People,
    pub(super) invitations: Invitations,
    pub(super) mailer: Mailer,
}

impl People {
    /// Shares store, clock and consents with the rest of the service.
    pub(super) fn new(
        consents: &Consents,
        mail: Option<&Mail>,
        oidc: Option<Oidc>,
    ) -> anyhow::Result<Self> {
        let (store, clock) = (consents.store.clone(), consents.clock.clone());
        let origin = consents.public_url.origin().ascii_serialization();
        let server = mail.map(Server::new).transpose();
        let server = server.context("AUTH_SMTP_URL")?.map(Arc::new);
        if server.is_none() {
            tracing::warn!("no mail server is configured; nothing is mailed");
        }
        let mails = server.is_some();
        let keys = ApiKeys {
            store: store.clone(),
            clock: clock.clone(),
        };
        let sign_in = SignIn {
            store: store.clone(),
            clock: clock.clone(),
            mails,
            oidc: provider(oidc, &origin)?,
            public_url: consents.public_url.clone(),
            metrics: Metrics,
        };
        let members = Members {
            store: store.clone(),
            clock: clock.clone(),
            mails,
        };
        Ok(Self {
            identity: identity::Identity {
                sign_in,
                keys: keys.clone(),
            },
            members: member::People { members, keys },
            invitations: Invitations {
                consents: consents.clone(),
                mails,
                public_url: origin.clone(),
            },
            mailer: Mailer {
                store,
                server,
                public_url: origin,
                clock,
                metrics: Metrics,
            },
        })
    }
}

fn provider(oidc: Option<Oidc>, origin: &str) -> anyhow::Result<Option<Arc<Provider>>> {
    let Some(oidc) = oidc else { return Ok(None) };
    let redirect = format!("{origin}{OIDC_CALLBACK}").parse();
    let http = Http::new().context("build the HTTP client")?;
    let redirect = redirect.context("AUTH_REDIRECT_URL has no origin")?;
    Ok(Some(Arc::new(Provider::new(oidc, redirect, http))))
}
