//! Connecting without a browser: with a read-only account API key, where a policy bars OAuth, or with
//! this deployment's own app token. Either is tried against PagerDuty before anything is stored.

use std::{collections::BTreeMap, sync::Arc};

use chassis::Clock;
use jiff::SignedDuration;
use proto::PersonId;
use secrecy::SecretString;
use serde_json::json;

use crate::{
    access::{AccessKind, Consenter},
    audit::{Actor, Subject},
    connection::{self as domain, Account, Connection, ConnectionState, Region},
    consent::Provider,
    grant::SealedPair,
    identity::{Member, Role},
    pagerduty::{
        account::{AccountError, look_up},
        http::Http,
        token::TokenError,
    },
    scope::Scopes,
    store::{Store, StoreError, audit, connection, grant, identity},
    vault::{Vault, VaultError},
};

/// An API key has no end of its own.
const KEY_LIFE: SignedDuration = SignedDuration::from_hours(100 * 365 * 24);
/// PagerDuty's addresses are short words.
const SUBDOMAIN_LIMIT: usize = 63;

/// What to connect with.
#[derive(Debug)]
pub enum Means {
    /// An account API key.
    ApiKey(SecretString),
    /// The app's own token, for the account at this address.
    AppToken {
        /// The first label of the account's address.
        subdomain: String,
    },
}

/// Nothing was connected.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    /// The person may not.
    #[error("only an owner or an admin of the organization may connect PagerDuty")]
    Forbidden,
    /// This deployment has no app with a token of its own.
    #[error("this deployment has no app for client credentials; set AUTH_PAGERDUTY_APP_KIND=app")]
    NoApp,
    /// The address is none.
    #[error("the subdomain is not the first word of an account's address, such as `acme`")]
    Subdomain,
    /// PagerDuty refuses the key or the app.
    #[error("{0}")]
    Refused(&'static str),
    /// PagerDuty cannot be asked.
    #[error("PagerDuty does not answer, try again")]
    Unavailable,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Connects directly.
#[derive(Debug, Clone)]
pub struct Direct {
    /// The database.
    pub store: Store,
    /// Seals what was given.
    pub vault: Vault,
    /// The app, if there is one.
    pub provider: Option<Provider>,
    /// Towards PagerDuty's API.
    pub http: Http,
    /// The API of each region.
    pub api_urls: Arc<BTreeMap<String, Region>>,
    /// The time.
    pub clock: Clock,
}

/// What PagerDuty has agreed to.
struct Proven {
    subdomain: String,
    kind: AccessKind,
    token: SecretString,
    life: SignedDuration,
    granted: Scopes,
    missing: Scopes,
}

impl Direct {
    /// Tries and stores.
    pub async fn connect(
        &self,
        member: Member,
        means: Means,
        region: Region,
    ) -> Result<Connection, DirectError> {
        self.require_role(member).await?;
        let proven = match means {
            Means::ApiKey(key) => self.try_key(key, region).await?,
            Means::AppToken { subdomain } => self.try_app(subdomain, region).await?,
        };
        self.keep(member, region, proven).await
    }

    async fn require_role(&self, member: Member) -> Result<(), DirectError> {
        let mut tx = self.store.tenant(member.org).await?;
        let role = identity::role(&mut tx, member).await?;
        let may = role.is_some_and(Role::may_connect);
        may.then_some(()).ok_or(DirectError::Forbidden)
    }

    async fn try_key(&self, key: SecretString, region: Region) -> Result<Proven, DirectError> {
        let mut urls = self.api_urls.iter();
        let url = urls.find(|(_, of)| **of == region).map(|(url, _)| url);
        let url = url.ok_or(DirectError::Unavailable)?;
        let subdomain = look_up(&self.http, url, &key).await?;
        Ok(Proven {
            subdomain,
            kind: AccessKind::ApiKey,
            token: key,
            life: KEY_LIFE,
            granted: "read".parse().unwrap_or_default(),
            missing: Scopes::default(),
        })
    }

    async fn try_app(&self, subdomain: String, region: Region) -> Result<Proven, DirectError> {
        let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let length = (1..=SUBDOMAIN_LIMIT).contains(&subdomain.len());
        if !length || !subdomain.bytes().all(fit) {
            return Err(DirectError::Subdomain);
        }
        let provider = self.provider.as_ref();
        let endpoint = provider
            .filter(|provider| provider.kind == AccessKind::App)
            .map(|provider| &provider.endpoint)
            .ok_or(DirectError::NoApp)?;
        let tokens = endpoint.app_token(region, &subdomain).await?;
        let granted = tokens
            .scopes
            .unwrap_or_else(|| endpoint.asked().clone())
            .of_resources();
        if !endpoint.asked().any_in(&granted) {
            let words = "PagerDuty gives this app none of the scopes it asks for";
            return Err(DirectError::Refused(words));
        }
        Ok(Proven {
            subdomain,
            kind: AccessKind::App,
            token: tokens.access_token,
            life: tokens.life,
            missing: endpoint.asked().missing_from(&granted),
            granted,
        })
    }

    async fn keep(
        &self,
        member: Member,
        region: Region,
        proven: Proven,
    ) -> Result<Connection, DirectError> {
        let now = self.clock.now();
        let org = member.org;
        let mut tx = self.store.tenant(org).await?;
        let id = connection::account_at(&mut tx, org, region, &proven.subdomain).await?;
        let initiator = crate::consent::Initiator::Person(member.person);
        let name = crate::store::consent::initiator_name(&mut tx, org, initiator).await?;
        let account = Account {
            id,
            subdomain: proven.subdomain.clone(),
            region,
            user_id: String::new(),
        };
        let mut connection = connected(member, account, &proven, now);
        connection.consented_by_name = name;
        connection.id = connection::upsert(&mut tx, &connection, now).await?;
        let pair = SealedPair::seal(&self.vault, (org, connection.id), &proven.token)?;
        let pair = pair.lasting(now, proven.life, proven.kind);
        grant::store(&mut tx, org, connection.id, &pair).await?;
        let entry = audit::Entry {
            org,
            actor: Actor::Person(member.person),
            action: "connection.connected",
            subject: Subject::Connection(connection.id),
            detail: json!({ "subdomain": proven.subdomain, "access_kind": proven.kind.name() }),
        };
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(connection)
    }
}

fn connected(
    Member { org, person }: Member,
    account: Account,
    proven: &Proven,
    now: jiff::Timestamp,
) -> Connection {
    let person: PersonId = person;
    Connection {
        org,
        id: domain::new_id(),
        account,
        consented_by: Some(person),
        consented_by_name: String::new(),
        consented_at: now,
        scopes_granted: proven.granted.to_vec(),
        scopes_missing: proven.missing.to_vec(),
        state: ConnectionState::Connected,
        reason: String::new(),
        access_ends_at: None,
        access_kind: proven.kind,
        consenter: Consenter::default(),
        idle_ends_at: None,
        erase_at: None,
    }
}

impl From<AccountError> for DirectError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Refused => {
                Self::Refused("PagerDuty does not accept this API key in this region")
            }
            AccountError::Unidentified => {
                Self::Refused("PagerDuty does not tell which account this API key belongs to")
            }
            AccountError::Unavailable => Self::Unavailable,
        }
    }
}

impl From<TokenError> for DirectError {
    fn from(error: TokenError) -> Self {
        tracing::warn!(%error, "an app token cannot be had");
        match error {
            TokenError::Refused(_) => {
                Self::Refused("PagerDuty gives this app no token for this account and region")
            }
            TokenError::Misconfigured(_) => {
                Self::Refused("PagerDuty does not accept this deployment's app settings")
            }
            TokenError::NotSent | TokenError::Lost | TokenError::Ill { .. } => Self::Unavailable,
        }
    }
}
