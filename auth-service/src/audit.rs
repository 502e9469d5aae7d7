//! The audit log: what was done in an organization, by whom, as a chain of hashes that anybody can
//! recompute. Entries are written by the domain functions, in the transaction of what they tell.

use std::fmt;

use jiff::Timestamp;
use proto::{ApiKeyId, ConnectionId, InvitationId, OrgId, PersonId};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::store::{Store, StoreError, audit, member};

/// Entries in one answer when nobody says how many, and at most.
const USUAL_PAGE: i64 = 50;
const LARGEST_PAGE: i64 = 500;
/// Entries read at a time when the chain is recomputed.
const STRIDE: i64 = 1_000;
/// Longest text that another service may record.
const TEXT_LIMIT: usize = 512;
const DETAIL_LIMIT: usize = 16 * 1024;

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// A member.
    Person(PersonId),
    /// A machine with a member's key.
    ApiKey(ApiKeyId),
    /// Whoever holds an invitation.
    Invitation(InvitationId),
    /// One of our services by itself.
    Service(&'static str),
}

impl Actor {
    /// The id by which the name is looked up.
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::Person(id) => Some(id.0),
            Self::ApiKey(id) => Some(id.0),
            Self::Invitation(id) => Some(id.0),
            Self::Service(_) => None,
        }
    }

    /// The name when there is none to look up.
    pub fn plain_name(self) -> &'static str {
        match self {
            Self::Service(name) => name,
            Self::Person(_) | Self::ApiKey(_) | Self::Invitation(_) => "",
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(id) => write!(f, "person:{id}"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
            Self::Invitation(id) => write!(f, "invitation:{id}"),
            Self::Service(name) => write!(f, "service:{name}"),
        }
    }
}

/// What something was done to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A connection.
    Connection(ConnectionId),
    /// A member.
    Person(PersonId),
    /// An API key.
    ApiKey(ApiKeyId),
    /// An invitation.
    Invitation(InvitationId),
    /// The organization itself.
    Organization(OrgId),
    /// Nothing that has an id.
    Nothing,
}

impl From<Option<ConnectionId>> for Subject {
    fn from(id: Option<ConnectionId>) -> Self {
        id.map_or(Self::Nothing, Self::Connection)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(id) => write!(f, "connection:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
            Self::ApiKey(id) => write!(f, "api_key:{id}"),
            Self::Invitation(id) => write!(f, "invitation:{id}"),
            Self::Organization(id) => write!(f, "organization:{id}"),
            Self::Nothing => Ok(()),
        }
    }
}

/// What an entry tells, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// `person:UUID`, `api_key:UUID`, `service:NAME` or `invitation:UUID`.
    pub actor: String,
    /// The actor's name or address at that time.
    pub actor_name: String,
    /// For example `connection.disconnected`.
    pub action: String,
    /// For example `connection:UUID`; empty when there is none.
    pub subject: String,
    /// A JSON object.
    pub detail: String,
}

/// An entry as it stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The organization.
    pub org: OrgId,
    /// From 1, without gaps.
    pub number: i64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub told: Recorded,
    /// SHA-256 over the hash before it and this entry.
    pub hash: Vec<u8>,
}

/// Whether a chain is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Entries that fit.
    pub entries: i64,
    /// The first number that does not fit.
    pub broken_at: Option<i64>,
}

/// Nothing can be recorded or told.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The entry is not one.
    #[error("{0}")]
    Invalid(&'static str),
    /// There is no such organization.
    #[error("there is no such organization")]
    NoOrganization,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The hash of an entry behind `previous` (32 zeros for the first). Texts have their length in front,
/// so that no two entries have the same bytes; the database computes the same in SQL.
pub fn chained(previous: &[u8], entry: &Stored) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(previous);
    hash.update(entry.org.0.as_bytes());
    hash.update(entry.number.to_be_bytes());
    hash.update(entry.at.as_microsecond().to_be_bytes());
    let told = &entry.told;
    for text in [
        &told.actor,
        &told.actor_name,
        &told.action,
        &told.subject,
        &told.detail,
    ] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

/// The newest entries before a number (0: all), newest first.
pub async fn list(
    store: &Store,
    org: OrgId,
    before: i64,
    limit: u32,
) -> Result<Vec<Stored>, AuditError> {
    let before = if before == 0 { i64::MAX } else { before };
    let limit = match limit {
        0 => USUAL_PAGE,
        limit => i64::from(limit).min(LARGEST_PAGE),
    };
    let mut tx = store.tenant(org).await?;
    Ok(audit::list(&mut tx, org, before, limit).await?)
}

/// Appends what another service did for somebody.
pub async fn record(
    store: &Store,
    org: OrgId,
    told: Recorded,
    now: Timestamp,
) -> Result<Stored, AuditError> {
    check(&told)?;
    let mut tx = store.tenant(org).await?;
    let known = member::organization_name(&mut tx, org).await?;
    known.ok_or(AuditError::NoOrganization)?;
    let stored = audit::record(&mut tx, org, &told, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(stored)
}

fn check(told: &Recorded) -> Result<(), AuditError> {
    let kinds = ["person:", "api_key:", "service:", "invitation:"];
    if !kinds.iter().any(|kind| told.actor.starts_with(kind)) {
        let words = "actor must be person:, api_key:, service: or invitation: and an id";
        return Err(AuditError::Invalid(words));
    }
    if told.action.is_empty() {
        return Err(AuditError::Invalid("action is empty"));
    }
    let texts = [&told.actor, &told.actor_name, &told.action, &told.subject];
    let fits = |text: &&String| text.len() <= TEXT_LIMIT && !text.contains('\0');
    if !texts.iter().all(fits) || told.detail.len() > DETAIL_LIMIT {
        return Err(AuditError::Invalid("a text of the entry is too long"));
    }
    let is_object =
        serde_json::from_str::<Value>(&told.detail).is_ok_and(|value| value.is_object());
    // PostgreSQL's JSON knows no NUL.
    if !is_object || told.detail.contains("\\u0000") {
        return Err(AuditError::Invalid("detail is no JSON object"));
    }
    Ok(())
}

/// Recomputes the chain from its beginning.
pub async fn verify(store: &Store, org: OrgId) -> Result<Verified, AuditError> {
    let mut tx = store.tenant(org).await?;
    let mut entries = 0;
    let mut previous = vec![0; 32];
    loop {
        let page = audit::following(&mut tx, org, entries, STRIDE).await?;
        if page.is_empty() {
            return Ok(Verified {
                entries,
                broken_at: None,
            });
        }
        for entry in page {
            if entry.number != entries + 1 || entry.hash != chained(&previous, &entry) {
                return Ok(Verified {
                    entries,
                    broken_at: Some(entries + 1),
                });
            }
            entries = entry.number;
            previous = entry.hash;
        }
    }
}
