//! Sign-in with an OpenID Connect provider: state, nonce and PKCE, bound to the browser. PKCE verifier
//! and nonce are derived from the state and the browser's cookie: both are needed to end a sign-in, and
//! of both only hashes are stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use crate::{
    identity::{self, Opened},
    opaque::{self, OpaqueHash},
    return_to::{ForeignReturn, ReturnTo},
    sign_in::SignIn,
    store::{self, StoreError},
};

pub mod provider;

/// A sign-in under way waits this long for the browser.
const PENDING_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// A sign-in under way.
#[derive(Debug)]
pub struct Pending {
    /// The hash of what the browser's cookie holds.
    pub binding_hash: Vec<u8>,
    /// Where the browser goes back to.
    pub return_to: ReturnTo,
    /// When it can no longer be ended.
    pub expires_at: Timestamp,
}

/// What only the browser that began a sign-in can have us present to the provider.
#[derive(Debug)]
pub struct Proof {
    /// The PKCE verifier.
    pub verifier: SecretString,
    /// Comes back inside the id_token.
    pub nonce: SecretString,
}

impl Proof {
    fn of(state: &SecretString, binding: &SecretString) -> Self {
        let derived = |purpose: &str| {
            let mut hash = Sha256::new();
            for part in [purpose, state.expose_secret(), binding.expose_secret()] {
                hash.update((part.len() as u64).to_be_bytes());
                hash.update(part.as_bytes());
            }
            SecretString::from(URL_SAFE_NO_PAD.encode(hash.finalize()))
        };
        Self {
            verifier: derived("oidc verifier"),
            nonce: derived("oidc nonce"),
        }
    }

    /// RFC 7636, S256.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier.expose_secret().as_bytes()))
    }
}

/// Where to send the browser.
#[derive(Debug)]
pub struct Begun {
    /// The provider's authorize address.
    pub authorize_url: Url,
    /// Until when it can be ended.
    pub expires_at: Timestamp,
}

/// What the provider's redirect brought.
#[derive(Debug)]
pub struct Complete {
    /// The state we sent.
    pub state: SecretString,
    /// A code, or the name of an OAuth error.
    pub answer: Result<SecretString, String>,
    /// The value of the browser's cookie.
    pub browser_binding: SecretString,
}

/// Nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// No provider is set.
    #[error("this deployment has no single sign-on; set AUTH_OIDC_ISSUER")]
    NotSet,
    /// The way back leads elsewhere.
    #[error(transparent)]
    ReturnTo(#[from] ForeignReturn),
    /// The cookie's value is missing.
    #[error("browser_binding is empty")]
    Unbound,
    /// The person, or the provider, said no.
    #[error("the sign-in was denied at the provider")]
    Denied,
    /// The state is unknown, used, too old, or from another browser.
    #[error("the sign-in is unknown, used, older than 10 minutes or from another browser")]
    StateRefused,
    /// The provider's answer is not believed.
    #[error("{0}")]
    IdentityRefused(String),
    /// Nobody with this address is a member of any organization.
    #[error("nobody with this address is a member of an organization")]
    NoMembership,
    /// The provider is ill, or its settings are wrong.
    #[error("the sign-in provider is not available")]
    Unavailable,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SignIn {
    /// Opens a sign-in.
    pub async fn begin_oidc(
        &self,
        return_to: &str,
        browser_binding: &SecretString,
    ) -> Result<Begun, OidcError> {
        let provider = self.oidc.as_ref().ok_or(OidcError::NotSet)?;
        let return_to = ReturnTo::parse(&self.public_url, return_to)?;
        if browser_binding.expose_secret().is_empty() {
            return Err(OidcError::Unbound);
        }
        let now = self.clock.now();
        let state = opaque::generate();
        let proof = Proof::of(&state, browser_binding);
        let authorize_url = provider.authorize(&state, &proof, now).await?;
        let pending = Pending {
            binding_hash: opaque::hash(browser_binding).as_bytes().to_vec(),
            return_to,
            expires_at: now + PENDING_LIFE,
        };
        let mut tx = self.store.all_organizations().await?;
        store::oidc::insert(&mut tx, opaque::hash(&state), &pending, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Begun {
            authorize_url,
            expires_at: pending.expires_at,
        })
    }

    /// Ends a sign-in with a new session.
    pub async fn complete_oidc(&self, complete: Complete) -> Result<(Opened, ReturnTo), OidcError> {
        let result = self.end(complete).await;
        self.metrics.sign_in("oidc", outcome(result.as_ref().err()));
        result
    }

    async fn end(&self, complete: Complete) -> Result<(Opened, ReturnTo), OidcError> {
        let provider = self.oidc.as_ref().ok_or(OidcError::NotSet)?;
        let pending = self.take(&complete).await?;
        let code = complete.answer.map_err(|error| match error.as_str() {
            "access_denied" => OidcError::Denied,
            _ => OidcError::Unavailable,
        })?;
        let proof = Proof::of(&complete.state, &complete.browser_binding);
        let email = provider.identify(&code, &proof, self.clock.now()).await?;
        let email = identity::normalized(&email).map_err(|_| OidcError::NoMembership)?;
        let now = self.clock.now();
        let mut tx = self.store.all_organizations().await?;
        let member = store::identity::find_member(&mut tx, &email).await?;
        let member = member.ok_or(OidcError::NoMembership)?;
        let opened = identity::open_session(&mut tx, member, "oidc", now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok((opened, pending.return_to))
    }

    /// Uses the state up; answers the sign-in if this browser may end it now.
    async fn take(&self, complete: &Complete) -> Result<Pending, OidcError> {
        let now = self.clock.now();
        let state = OpaqueHash::of(complete.state.expose_secret());
        let mut tx = self.store.all_organizations().await?;
        let pending = store::oidc::take(&mut tx, state, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        let binding = OpaqueHash::of(complete.browser_binding.expose_secret());
        let accepted = |pending: &Pending| {
            let same: bool = pending.binding_hash.ct_eq(binding.as_bytes()).into();
            same && now < pending.expires_at
        };
        pending.filter(accepted).ok_or(OidcError::StateRefused)
    }
}

fn outcome(error: Option<&OidcError>) -> &'static str {
    match error {
        None => "signed_in",
        Some(OidcError::Denied) => "denied",
        Some(OidcError::StateRefused) => "state_refused",
        Some(OidcError::IdentityRefused(_)) => "identity_refused",
        Some(OidcError::NoMembership) => "no_membership",
        Some(_) => "failed",
    }
}
