//! The consent round trip: opening a pending consent and ending it with what PagerDuty's redirect
//! brought. A consent that fails is an outcome, so that the browser always comes back.

use std::sync::Arc;

use chassis::{Clock, Lifecycle};
use jiff::{SignedDuration, Timestamp};
use proto::ConnectionId;
use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use crate::{
    connection::Connection,
    identity::{Member, Role},
    metrics::Metrics,
    opaque::{self, OpaqueHash},
    pagerduty::{id_token::Expected, jwks::Jwks, token::TokenEndpoint},
    return_to::{ForeignReturn, ReturnTo},
    store::{Store, StoreError, connection, consent, identity},
    vault::{Field, Place, Vault, VaultError},
};

mod completion;

/// A pending consent waits this long for the browser.
pub const PENDING_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// A consent under way.
#[derive(Debug)]
pub struct Pending {
    /// Names the row.
    pub id: Uuid,
    /// Who pressed Connect, for which organization.
    pub member: Member,
    /// The hash of what the browser's cookie holds.
    pub binding_hash: Vec<u8>,
    /// The PKCE verifier, sealed.
    pub verifier: Vec<u8>,
    /// Where the browser goes back to.
    pub return_to: ReturnTo,
    /// On Reconnect: the connection whose account must consent.
    pub connection: Option<ConnectionId>,
    /// The trace of the click.
    pub traceparent: String,
    /// When it can no longer be ended.
    pub expires_at: Timestamp,
}

impl Pending {
    fn verifier_place(&self) -> Place {
        Place {
            org: self.member.org,
            row: self.id,
            field: Field::Verifier,
        }
    }
}

/// What the Connect button brings.
#[derive(Debug)]
pub struct Begin {
    /// Who, for which organization.
    pub member: Member,
    /// Where to come back to, unchecked.
    pub return_to: String,
    /// The random value that the browser keeps in a cookie.
    pub browser_binding: SecretString,
    /// On Reconnect.
    pub connection: Option<ConnectionId>,
}

/// Where to send the browser.
#[derive(Debug)]
pub struct Begun {
    /// PagerDuty's authorize address.
    pub authorize_url: Url,
    /// Until when it can be ended.
    pub expires_at: Timestamp,
}

/// What PagerDuty's redirect brought, and whose browser brought it.
#[derive(Debug)]
pub struct Complete {
    /// The state we sent.
    pub state: SecretString,
    /// A code, or the name of an OAuth error.
    pub answer: Result<SecretString, String>,
    /// The value of the browser's cookie.
    pub browser_binding: SecretString,
    /// The person signed in to the browser.
    pub person: Option<proto::PersonId>,
}

/// How a consent ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The connection works.
    Connected,
    /// The person said no.
    Denied,
    /// The state is unknown, used, expired, or of another browser or person.
    StateRefused,
    /// Reconnect with another account.
    WrongAccount,
    /// Nothing of what was asked was granted.
    NoAccess,
    /// The id_token was not believed.
    IdentityRefused,
    /// PagerDuty was ill.
    ProviderUnavailable,
}

impl Outcome {
    /// As the database and the metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Denied => "denied",
            Self::StateRefused => "state_refused",
            Self::WrongAccount => "wrong_account",
            Self::NoAccess => "no_access",
            Self::IdentityRefused => "identity_refused",
            Self::ProviderUnavailable => "provider_unavailable",
        }
    }
}

/// What the browser is told.
#[derive(Debug)]
pub struct Completion {
    /// How it ended.
    pub outcome: Outcome,
    /// Where the browser goes.
    pub return_to: ReturnTo,
    /// The organization; `None` when the state was refused.
    pub org: Option<proto::OrgId>,
    /// The connection, when there is one.
    pub connection: Option<Connection>,
    /// The trace of the click.
    pub traceparent: String,
    /// Public words for the page.
    pub detail: String,
}

/// A consent can neither begin nor end.
#[derive(Debug, thiserror::Error)]
pub enum ConsentError {
    /// The way back leads elsewhere.
    #[error(transparent)]
    ReturnTo(#[from] ForeignReturn),
    /// The cookie's value is missing.
    #[error("browser_binding is empty")]
    Unbound,
    /// No PagerDuty app is configured.
    #[error(
        "this deployment has no PagerDuty app configured; set AUTH_PAGERDUTY_CLIENT_ID and its secret"
    )]
    NoApp,
    /// Reconnect names a connection that the organization does not have.
    #[error("the organization has no such connection")]
    NoConnection,
    /// The person is no owner or admin of the organization.
    #[error("only an owner or an admin of the organization may connect PagerDuty")]
    Forbidden,
    /// The process stops before the consent could end.
    #[error("the service is stopping")]
    Stopping,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// PagerDuty as a registered app sees it.
#[derive(Debug, Clone)]
pub struct Provider {
    /// Authorize and token endpoints.
    pub endpoint: TokenEndpoint,
    /// The keys of id_tokens.
    pub jwks: Arc<Jwks>,
    /// What an id_token must say.
    pub expected: Expected,
}

/// Opens and ends consents.
#[derive(Debug, Clone)]
pub struct Consents {
    /// The database.
    pub store: Store,
    /// Seals verifiers and tokens.
    pub vault: Vault,
    /// PagerDuty; `None` without a configured app.
    pub provider: Option<Provider>,
    /// The product's public URL.
    pub public_url: Url,
    /// The time.
    pub clock: Clock,
    /// Ending a consent goes on when the caller has gone.
    pub lifecycle: Lifecycle,
    /// Counts outcomes.
    pub metrics: Metrics,
}

impl Consents {
    /// Opens a pending consent.
    pub async fn begin(&self, begin: Begin) -> Result<Begun, ConsentError> {
        let return_to = ReturnTo::parse(&self.public_url, &begin.return_to)?;
        if secrecy::ExposeSecret::expose_secret(&begin.browser_binding).is_empty() {
            return Err(ConsentError::Unbound);
        }
        let provider = self.provider.as_ref().ok_or(ConsentError::NoApp)?;
        let now = self.clock.now();
        let state = opaque::generate();
        let (authorize_url, verifier) = provider.endpoint.authorize(&state);
        let mut pending = Pending {
            id: Uuid::now_v7(),
            member: begin.member,
            binding_hash: opaque::hash(&begin.browser_binding).as_bytes().to_vec(),
            verifier: Vec::new(),
            return_to,
            connection: begin.connection,
            traceparent: chassis::trace::current().unwrap_or_default(),
            expires_at: now + PENDING_LIFE,
        };
        pending.verifier = self.vault.seal(pending.verifier_place(), &verifier)?;
        self.keep(&pending, opaque::hash(&state), now).await?;
        Ok(Begun {
            authorize_url,
            expires_at: pending.expires_at,
        })
    }

    async fn keep(
        &self,
        pending: &Pending,
        state: OpaqueHash,
        now: Timestamp,
    ) -> Result<(), ConsentError> {
        let org = pending.member.org;
        let mut tx = self.store.tenant(org).await?;
        let role = identity::role(&mut tx, pending.member).await?;
        if !role.is_some_and(Role::may_connect) {
            return Err(ConsentError::Forbidden);
        }
        if let Some(id) = pending.connection {
            let known = connection::find(&mut tx, org, id).await?;
            known.ok_or(ConsentError::NoConnection)?;
        }
        consent::insert(&mut tx, pending, state, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}
