//! People and their browser sessions: organizations, one-time sign-in links, sessions. Passwords and
//! single sign-on do not belong here; whoever can read the mailbox or the terminal signs in.

use jiff::{SignedDuration, Timestamp};
use proto::{OrgId, PersonId};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::{
    audit::{Actor, Subject},
    opaque::{self, OpaqueHash},
    store::{Store, StoreError, audit, identity},
};

/// A sign-in link works this long.
pub const LINK_LIFE: SignedDuration = SignedDuration::from_mins(15);
/// A session ends after this time without a request.
pub const SESSION_IDLE: SignedDuration = SignedDuration::from_hours(1);
/// A session ends after this time whatever happens.
pub const SESSION_LIFE: SignedDuration = SignedDuration::from_hours(12);
/// A session's last use is written at most this often.
const TOUCH_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// Longest address (RFC 5321).
const EMAIL_LIMIT: usize = 254;

/// What a person may do in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything but ending the organization.
    Admin,
    /// Reads and works with the numbers.
    Analyst,
    /// Reads.
    Viewer,
}

impl Role {
    /// Whether this role may do whatever `other` may.
    pub fn covers(self, other: Self) -> bool {
        self.rank() >= other.rank()
    }

    /// The lesser of two roles.
    #[must_use]
    pub fn lesser(self, other: Self) -> Self {
        if self.covers(other) { other } else { self }
    }

    /// The greater of two roles.
    #[must_use]
    pub fn greater(self, other: Self) -> Self {
        if self.covers(other) { self } else { other }
    }

    /// As the database and the audit log name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Viewer => "viewer",
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Owner => 3,
            Self::Admin => 2,
            Self::Analyst => 1,
            Self::Viewer => 0,
        }
    }

    /// Whether this role may connect and disconnect PagerDuty accounts.
    pub fn may_connect(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

/// A person in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The organization.
    pub org: OrgId,
    /// The person.
    pub person: PersonId,
}

/// Whose session it is.
#[derive(Debug, Clone)]
pub struct Session {
    /// Who, and where.
    pub member: Member,
    /// The person's address.
    pub email: String,
    /// The person's name.
    pub name: String,
    /// The organization's name.
    pub org_name: String,
    /// The person's role in it.
    pub role: Role,
    /// The last use written.
    pub last_seen_at: Timestamp,
    /// The absolute end.
    pub expires_at: Timestamp,
}

impl Session {
    fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at && now.duration_since(self.last_seen_at) < SESSION_IDLE
    }
}

/// A session just opened.
#[derive(Debug)]
pub struct Opened {
    /// The cookie's value; only its hash is kept.
    pub token: SecretString,
    /// The absolute end.
    pub expires_at: Timestamp,
}

/// An organization and its owner, as `org create` is told.
#[derive(Debug, Clone)]
pub struct NewOrganization {
    /// The organization's name.
    pub name: String,
    /// The owner's address.
    pub owner_email: String,
    /// The owner's name.
    pub owner_name: String,
}

/// Somebody cannot be identified.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// The link's token is unknown, used or expired.
    #[error("the sign-in link is unknown, used or expired")]
    LinkRefused,
    /// The session is unknown, ended, idle for too long or too old.
    #[error("nobody is signed in with this session")]
    SessionRefused,
    /// No member of any organization has this address.
    #[error("nobody has the address `{0}`; create the organization first")]
    UnknownEmail(String),
    /// The text is no address, or a name is empty.
    #[error("{0}")]
    Invalid(&'static str),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Creates an organization with its owner; the same name and address again answer the same ids.
pub async fn create_organization(
    store: &Store,
    mut new: NewOrganization,
    now: Timestamp,
) -> Result<Member, IdentityError> {
    new.owner_email = normalized(&new.owner_email)?;
    if new.name.trim().is_empty() {
        return Err(IdentityError::Invalid("the organization's name is empty"));
    }
    let mut tx = store.all_organizations().await?;
    identity::lock_creation(&mut tx).await?;
    let member = match identity::find_owned(&mut tx, &new).await? {
        Some(member) => member,
        None => identity::insert_organization(&mut tx, &new, now).await?,
    };
    tx.commit().await.map_err(StoreError::from)?;
    Ok(member)
}

/// Makes a one-time link's token for a person, into the organization they joined first.
pub async fn create_link(
    store: &Store,
    email: &str,
    now: Timestamp,
) -> Result<SecretString, IdentityError> {
    let email = normalized(email)?;
    let mut tx = store.all_organizations().await?;
    let member = identity::find_member(&mut tx, &email).await?;
    let member = member.ok_or(IdentityError::UnknownEmail(email))?;
    let token = opaque::generate();
    identity::insert_link(&mut tx, opaque::hash(&token), member, now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(token)
}

/// Uses a link up and opens a session.
pub async fn redeem_link(
    store: &Store,
    token: &str,
    now: Timestamp,
) -> Result<Opened, IdentityError> {
    let mut tx = store.all_organizations().await?;
    let member = identity::take_link(&mut tx, OpaqueHash::of(token), now).await?;
    let member = member.ok_or(IdentityError::LinkRefused)?;
    let opened = open_session(&mut tx, member, "link", now).await?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(opened)
}

/// Opens a new session, whatever sessions there are; the last thing that a transaction does.
pub async fn open_session(
    db: &mut PgConnection,
    member: Member,
    method: &'static str,
    now: Timestamp,
) -> Result<Opened, StoreError> {
    let token = opaque::generate();
    identity::insert_session(db, opaque::hash(&token), member, now).await?;
    let detail = json!({ "method": method });
    audit::write(db, entry(member, "session.opened", detail), now).await?;
    Ok(Opened {
        token,
        expires_at: now + SESSION_LIFE,
    })
}

fn entry(member: Member, action: &'static str, detail: Value) -> audit::Entry {
    audit::Entry {
        org: member.org,
        actor: Actor::Person(member.person),
        action,
        subject: Subject::Person(member.person),
        detail,
    }
}

/// Whose session a token names; its use moves the idle limit.
pub async fn session(store: &Store, token: &str, now: Timestamp) -> Result<Session, IdentityError> {
    let hash = OpaqueHash::of(token);
    let mut tx = store.all_organizations().await?;
    let session = identity::find_session(&mut tx, hash).await?;
    let session = session.filter(|session| session.is_live(now));
    let session = session.ok_or(IdentityError::SessionRefused)?;
    if now.duration_since(session.last_seen_at) >= TOUCH_EVERY {
        identity::touch_session(&mut tx, hash, now).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(session)
}

/// Ends a session, if there is one.
pub async fn sign_out(store: &Store, token: &str, now: Timestamp) -> Result<(), IdentityError> {
    let mut tx = store.all_organizations().await?;
    let ended = identity::delete_session(&mut tx, OpaqueHash::of(token)).await?;
    if let Some(member) = ended {
        audit::write(&mut tx, entry(member, "session.ended", json!({})), now).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(())
}

/// An address in the form that is compared: trimmed and in lower case.
pub fn normalized(email: &str) -> Result<String, IdentityError> {
    let email = email.trim().to_lowercase();
    let fit = email
        .split_once('@')
        .is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'));
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    if fit && email.len() <= EMAIL_LIMIT && email.chars().all(plain) {
        Ok(email)
    } else {
        Err(IdentityError::Invalid(
            "the e-mail address is not `name@host`",
        ))
    }
}
