//! The consent round trip: opening a pending consent and ending it with what PagerDuty's redirect
//! brought. A consent that fails is an outcome, so that the browser always comes back.

use std::sync::Arc;

use chassis::{Clock, Lifecycle};
use jiff::{SignedDuration, Timestamp};
use proto::{ConnectionId, InvitationId, OrgId, PersonId};
use secrecy::SecretString;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use crate::{
    access::AccessKind,
    audit::Actor,
    connection::Connection,
    identity::{Member, Role},
    metrics::Metrics,
    opaque::{self, OpaqueHash},
    pagerduty::{id_token::Expected, jwks::Jwks, token::TokenEndpoint},
    return_to::{ForeignReturn, ReturnTo},
    store::{Store, StoreError, audit, connection, consent, identity},
    vault::{Field, Place, Vault, VaultError},
};

mod completion;

/// A pending consent waits this long for the browser.
pub const PENDING_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Who begins a consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initiator {
    /// A member, who must also be the one to end it.
    Person(PersonId),
    /// Whoever opened the link of an invitation; only the browser must be the same.
    Invitation(InvitationId),
}

impl Initiator {
    /// The member.
    pub fn person(self) -> Option<PersonId> {
        match self {
            Self::Person(id) => Some(id),
            Self::Invitation(_) => None,
        }
    }

    /// The invitation.
    pub fn invitation(self) -> Option<InvitationId> {
        match self {
            Self::Person(_) => None,
            Self::Invitation(id) => Some(id),
        }
    }
}

impl From<Initiator> for Actor {
    fn from(initiator: Initiator) -> Self {
        match initiator {
            Initiator::Person(id) => Self::Person(id),
            Initiator::Invitation(id) => Self::Invitation(id),
        }
    }
}

/// A consent under way.
#[derive(Debug)]
pub struct Pending {
    /// Names the row.
    pub id: Uuid,
    /// The organization it connects.
    pub org: OrgId,
    /// Who began it.
    pub initiator: Initiator,
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
            org: self.org,
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

/// A consent just opened: what is kept, and where the browser goes.
#[derive(Debug)]
pub struct Opened {
    /// The row.
    pub pending: Pending,
    /// The hash of its state.
    pub state: OpaqueHash,
    /// Holds the state itself.
    authorize_url: Url,
}

impl Opened {
    /// Where to send the browser.
    pub fn begun(self) -> Begun {
        Begun {
            authorize_url: self.authorize_url,
            expires_at: self.pending.expires_at,
        }
    }
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
    pub person: Option<PersonId>,
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
    /// An admin has to install the app at PagerDuty first.
    AppNotInstalled,
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
            Self::AppNotInstalled => "app_not_installed",
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
    pub org: Option<OrgId>,
    /// The connection, when there is one.
    pub connection: Option<Connection>,
    /// The trace of the click.
    pub traceparent: String,
    /// Public words for the page.
    pub detail: String,
    /// It was begun with an invitation.
    pub invited: bool,
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
    /// What kind of app it is.
    pub kind: AccessKind,
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
        let initiator = Initiator::Person(begin.member.person);
        let mut opened = self.open(begin.member.org, initiator, &begin.browser_binding)?;
        opened.pending.return_to = return_to;
        opened.pending.connection = begin.connection;
        self.keep(&opened, begin.member).await?;
        Ok(opened.begun())
    }

    /// A consent with a new state and a new verifier, not yet kept.
    pub fn open(
        &self,
        org: OrgId,
        initiator: Initiator,
        browser_binding: &SecretString,
    ) -> Result<Opened, ConsentError> {
        if secrecy::ExposeSecret::expose_secret(browser_binding).is_empty() {
            return Err(ConsentError::Unbound);
        }
        // An app with a token of its own asks nobody for consent.
        let provider = self
            .provider
            .as_ref()
            .filter(|provider| provider.kind.has_refresh_token())
            .ok_or(ConsentError::NoApp)?;
        let state = opaque::generate();
        let (authorize_url, verifier) = provider.endpoint.authorize(&state);
        let mut pending = Pending {
            id: Uuid::now_v7(),
            org,
            initiator,
            binding_hash: opaque::hash(browser_binding).as_bytes().to_vec(),
            verifier: Vec::new(),
            return_to: ReturnTo::connections(),
            connection: None,
            traceparent: chassis::trace::current().unwrap_or_default(),
            expires_at: self.clock.now() + PENDING_LIFE,
        };
        pending.verifier = self.vault.seal(pending.verifier_place(), &verifier)?;
        Ok(Opened {
            pending,
            state: opaque::hash(&state),
            authorize_url,
        })
    }

    async fn keep(&self, opened: &Opened, member: Member) -> Result<(), ConsentError> {
        let org = member.org;
        let mut tx = self.store.tenant(org).await?;
        let role = identity::role(&mut tx, member).await?;
        if !role.is_some_and(Role::may_connect) {
            return Err(ConsentError::Forbidden);
        }
        if let Some(id) = opened.pending.connection {
            let known = connection::find(&mut tx, org, id).await?;
            known.ok_or(ConsentError::NoConnection)?;
        }
        let now = self.clock.now();
        consent::insert(&mut tx, &opened.pending, opened.state, now).await?;
        let entry = audit::Entry {
            org,
            actor: opened.pending.initiator.into(),
            action: "consent.begun",
            subject: opened.pending.connection.into(),
            detail: json!({}),
        };
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}
