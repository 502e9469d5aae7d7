//! API keys: how machines use the product. A key is 256 random bits of which the hash is kept; it ends
//! by itself, can do no more than its maker, and ends with its maker's membership.

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use proto::{ApiKeyId, OrgId, PersonId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use uuid::Uuid;

use crate::{
    audit::Subject,
    authority::{self, Acting, Denied},
    identity::Role,
    opaque::{self, OpaqueHash},
    store::{Store, StoreError, api_key, audit},
};

/// What every key begins with, so that scanners for leaked secrets know one.
const MARK: &str = "quolum_";
/// How much of a key is shown to recognize it by: the mark and 30 of its 256 bits.
const SHOWN: usize = MARK.len() + 5;
/// Longest life.
const LONGEST: SignedDuration = SignedDuration::from_hours(24 * 366);
/// Keys that an organization can have at a time.
const LIVE_LIMIT: i64 = 100;
/// Longest name, in characters.
const NAME_LIMIT: usize = 100;
/// A key's last use is written at most this often.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// One key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The organization it opens.
    pub org: OrgId,
    /// Ours.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What it may do: the lesser of what it was given and what its maker may do now.
    pub role: Role,
    /// Its first characters.
    pub prefix: String,
    /// Who made it.
    pub created_by: PersonId,
    /// When.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its last use, to a minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
}

/// Whose key somebody showed.
#[derive(Debug, Clone)]
pub struct Known {
    /// The organization.
    pub org: OrgId,
    /// Its name.
    pub org_name: String,
    /// Which key.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Its last use as written.
    pub last_used_at: Option<Timestamp>,
}

/// What a new key shall be.
#[derive(Debug)]
pub struct New {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A key cannot be made, used or changed.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyError {
    /// A part of the request is not fit.
    #[error("{0}")]
    Invalid(&'static str),
    /// The actor may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No such key in the organization.
    #[error("the organization has no such API key")]
    NotFound,
    /// It was revoked.
    #[error("the API key was revoked")]
    Revoked,
    /// Too many.
    #[error("the organization has too many API keys; revoke one first")]
    TooMany,
    /// What was shown is no key in force.
    #[error("the API key is unknown, revoked or expired")]
    Refused,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Manages and knows keys.
#[derive(Debug, Clone)]
pub struct ApiKeys {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
}

impl ApiKeys {
    /// All of an organization, newest first.
    pub async fn list(&self, org: OrgId, actor: Uuid) -> Result<Vec<ApiKey>, ApiKeyError> {
        let mut tx = self.store.tenant(org).await?;
        authority::require(&mut tx, org, actor, Role::Admin).await?;
        Ok(api_key::list(&mut tx, org).await?)
    }

    /// Makes a key. Its secret is told here only.
    pub async fn create(
        &self,
        org: OrgId,
        actor: Uuid,
        new: New,
    ) -> Result<(ApiKey, SecretString), ApiKeyError> {
        let now = self.clock.now();
        let name = fit(&new, now)?;
        let mut tx = self.store.tenant(org).await?;
        let acting = authority::require(&mut tx, org, actor, new.role.greater(Role::Admin)).await?;
        if api_key::count_live(&mut tx, org, now).await? >= LIVE_LIMIT {
            return Err(ApiKeyError::TooMany);
        }
        let (secret, prefix) = generate();
        let key = ApiKey {
            org,
            id: ApiKeyId(Uuid::now_v7()),
            name,
            role: new.role,
            prefix,
            created_by: acting.person,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        api_key::insert(&mut tx, &key, opaque::hash(&secret)).await?;
        audit::write(&mut tx, entry(&acting, &key, "api_key.created"), now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok((key, secret))
    }

    /// A new secret for the same key; the old one ends at once. Who may not make such a key may not
    /// take it over either.
    pub async fn rotate(
        &self,
        org: OrgId,
        actor: Uuid,
        id: ApiKeyId,
    ) -> Result<(ApiKey, SecretString), ApiKeyError> {
        let mut tx = self.store.tenant(org).await?;
        authority::require(&mut tx, org, actor, Role::Admin).await?;
        let mut key = api_key::lock(&mut tx, org, id)
            .await?
            .ok_or(ApiKeyError::NotFound)?;
        let acting = authority::require(&mut tx, org, actor, key.role).await?;
        if key.revoked_at.is_some() {
            return Err(ApiKeyError::Revoked);
        }
        let (secret, prefix) = generate();
        key.prefix = prefix;
        api_key::set_secret(&mut tx, &key, opaque::hash(&secret)).await?;
        let entry = entry(&acting, &key, "api_key.rotated");
        audit::write(&mut tx, entry, self.clock.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok((key, secret))
    }

    /// Ends a key. Idempotent.
    pub async fn revoke(
        &self,
        org: OrgId,
        actor: Uuid,
        id: ApiKeyId,
    ) -> Result<ApiKey, ApiKeyError> {
        let now = self.clock.now();
        let mut tx = self.store.tenant(org).await?;
        let acting = authority::require(&mut tx, org, actor, Role::Admin).await?;
        let key = api_key::lock(&mut tx, org, id).await?;
        let mut key = key.ok_or(ApiKeyError::NotFound)?;
        if key.revoked_at.is_none() {
            api_key::revoke(&mut tx, org, id, now).await?;
            key.revoked_at = Some(now);
            audit::write(&mut tx, entry(&acting, &key, "api_key.revoked"), now).await?;
            tx.commit().await.map_err(StoreError::from)?;
        }
        Ok(key)
    }

    /// Whose key this is; notes its use.
    pub async fn authenticate(&self, secret: &str) -> Result<Known, ApiKeyError> {
        let now = self.clock.now();
        let mut tx = self.store.all_organizations().await?;
        let known = api_key::find_by_secret(&mut tx, OpaqueHash::of(secret), now).await?;
        let known = known.ok_or(ApiKeyError::Refused)?;
        let last = known.last_used_at;
        if last.is_none_or(|last| now.duration_since(last) >= TOUCH_EVERY) {
            api_key::touch(&mut tx, known.org, known.id, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(known)
    }
}

/// A new secret and what is shown of it.
fn generate() -> (SecretString, String) {
    let secret = format!("{MARK}{}", opaque::generate().expose_secret());
    let prefix = secret.chars().take(SHOWN).collect();
    (secret.into(), prefix)
}

fn fit(new: &New, now: Timestamp) -> Result<String, ApiKeyError> {
    let name = new.name.trim();
    let length = name.chars().count();
    if length == 0 || length > NAME_LIMIT || name.chars().any(char::is_control) {
        let words = "the name is empty, longer than 100 characters or holds control characters";
        return Err(ApiKeyError::Invalid(words));
    }
    if new.expires_at <= now || new.expires_at > now + LONGEST {
        let words = "expires_at must be in the future and at most a year ahead";
        return Err(ApiKeyError::Invalid(words));
    }
    Ok(name.to_owned())
}

fn entry(acting: &Acting, key: &ApiKey, action: &'static str) -> audit::Entry {
    audit::Entry {
        org: key.org,
        actor: acting.actor,
        action,
        subject: Subject::ApiKey(key.id),
        detail: json!({ "name": key.name, "role": key.role.name(), "prefix": key.prefix }),
    }
}
