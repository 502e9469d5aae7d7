//! PagerDuty's identity service: apps, consent pages, codes, tokens, `id_token`s.
//!
//! This file holds who may ask and which modes tests have chosen; `store` holds what was granted; the pages, the token
//! endpoint and the keys are beside it. What a token may read is decided by the REST endpoints.

pub mod app;
pub mod authorize;
pub mod discovery;
pub mod id_token;
pub mod key;
pub mod page;
pub mod scope;
pub mod store;
pub mod token;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use axum::Router;
use axum::routing::{get, post};
use serde::Serialize;
use sha2::{Digest, Sha256};

pub use app::{App, AppKind};
pub use id_token::IdTokenMode;

use crate::caller::TokenKind;
use crate::clock::Clock;
use crate::state::AppState;
use key::SigningKey;
use store::Store;

/// Whose a token is, and what it was granted.
#[derive(Clone, Debug)]
pub struct TokenOwner {
    /// Subdomain of the account.
    pub account: String,
    /// The consenting user.
    pub user_id: Option<String>,
    /// The app.
    pub client_id: String,
    /// Scopes granted.
    pub scopes: BTreeSet<String>,
    /// The kind of token.
    pub kind: TokenKind,
}

/// A grant as `GET /users/{id}/oauth_delegations` would show it.
#[derive(Clone, Debug, Serialize)]
pub struct Delegation {
    /// The `delegation_id` claim.
    pub id: String,
    /// The consenting user; absent for app tokens.
    pub user_id: Option<String>,
    /// The app.
    pub client_id: String,
    /// Scopes granted, space separated.
    pub scope: String,
    /// When it was consented to.
    pub created_at: jiff::Timestamp,
    /// When its access token ends.
    pub expires_at: jiff::Timestamp,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// The identity service.
#[derive(Debug)]
pub struct Identity {
    clock: Clock,
    apps: Vec<App>,
    api_keys: Vec<(String, String)>,
    redirect_uris: RwLock<BTreeSet<String>>,
    grant_cap: RwLock<Option<BTreeSet<String>>>,
    uninstalled: RwLock<BTreeSet<String>>,
    id_token_mode: RwLock<IdTokenMode>,
    key: SigningKey,
    store: Mutex<Store>,
}

impl Identity {
    /// The two apps of the simulator, with these redirect URIs, and two API keys per account (`acme-api-key`,
    /// `acme-readonly-key`).
    pub fn new(clock: Clock, redirect_uris: &[String], subdomains: &[&str]) -> Self {
        Self {
            clock,
            apps: App::registered(),
            api_keys: subdomains
                .iter()
                .flat_map(|name| {
                    ["api-key", "readonly-key"]
                        .map(|kind| (format!("{name}-{kind}"), (*name).to_owned()))
                })
                .collect(),
            redirect_uris: RwLock::new(redirect_uris.iter().cloned().collect()),
            grant_cap: RwLock::default(),
            uninstalled: RwLock::default(),
            id_token_mode: RwLock::default(),
            key: SigningKey::default(),
            store: Mutex::default(),
        }
    }

    /// Registers a redirect URI for both apps.
    pub fn allow_redirect(&self, uri: &str) {
        self.redirect_uris
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(uri.to_owned());
    }

    /// What consent grants at most besides `openid`; `None` lifts the cap.
    pub fn set_grant_cap(&self, cap: Option<BTreeSet<String>>) {
        *self
            .grant_cap
            .write()
            .unwrap_or_else(PoisonError::into_inner) = cap;
    }

    /// Whether an app is installed in the accounts; without, nobody can consent to it and it gets no app token.
    pub fn set_installed(&self, client_id: &str, is_installed: bool) {
        let mut uninstalled = self
            .uninstalled
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if is_installed {
            uninstalled.remove(client_id);
        } else {
            uninstalled.insert(client_id.to_owned());
        }
    }

    pub(crate) fn is_installed(&self, client_id: &str) -> bool {
        !self
            .uninstalled
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(client_id)
    }

    /// Revokes one grant by its `delegation_id`; false when there is none alive.
    pub fn revoke_grant(&self, delegation: &str) -> bool {
        self.store().revoke_grant(delegation)
    }

    /// How `id_token`s are issued from now on.
    pub fn set_id_token_mode(&self, mode: IdTokenMode) {
        *self
            .id_token_mode
            .write()
            .unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// Replaces the key that signs `id_token`s; the old one leaves the key set.
    pub fn rotate_key(&self) {
        self.key.rotate();
    }

    /// Revokes every grant of the account, as an administrator of it can; answers how many were alive.
    pub fn revoke_account(&self, account: &str) -> usize {
        self.store().revoke_account(account)
    }

    /// The grants of the account, oldest first.
    pub fn delegations(&self, account: &str) -> Vec<Delegation> {
        self.store().delegations(account)
    }

    /// Whose token this is, even when it is dead.
    pub fn owner_of(&self, token: &str) -> Option<TokenOwner> {
        if let Some((_, account)) = self.api_keys.iter().find(|(key, _)| key == token) {
            return Some(TokenOwner {
                account: account.clone(),
                user_id: None,
                client_id: "api-key".to_owned(),
                scopes: ["read".to_owned()]
                    .into_iter()
                    .filter(|_| token.ends_with("-readonly-key"))
                    .collect(),
                kind: TokenKind::ApiKey,
            });
        }
        self.store().owner_of(token)
    }

    /// Whether the token is neither expired nor revoked.
    pub fn is_live(&self, token: &str) -> bool {
        self.api_keys.iter().any(|(key, _)| key == token)
            || self.store().is_live(token, self.clock.now())
    }

    fn app(&self, client_id: &str) -> Option<&App> {
        self.apps.iter().find(|app| app.client_id == client_id)
    }

    fn is_registered_redirect(&self, uri: &str) -> bool {
        self.redirect_uris
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(uri)
    }

    fn grant_cap(&self) -> Option<BTreeSet<String>> {
        self.grant_cap
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn id_token_mode(&self) -> IdTokenMode {
        *self
            .id_token_mode
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// SHA-256 of a token, hexadecimal: how the ledger names tokens.
pub fn token_hash(token: &str) -> String {
    hex::encode(Sha256::digest(token.as_bytes()))
}

/// The identity routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route("/oauth/authorize", get(authorize::show))
        .route("/oauth/authorize/sign-in", post(authorize::sign_in))
        .route("/oauth/authorize/consent", post(authorize::decide))
        .route("/oauth/token", post(token::exchange))
        .route("/global/oauth/anonymous/jwks", get(discovery::jwks))
        .route(
            "/global/oauth/anonymous/.well-known/openid-configuration",
            get(discovery::configuration),
        )
}
