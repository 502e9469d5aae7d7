//! What an organization has connected: one PagerDuty account, its state, and how it ends.

use jiff::{SignedDuration, Timestamp};
use proto::{ConnectionId, OrgId, PersonId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    access::{AccessKind, Consenter},
    audit::{Actor, Subject},
    identity::{Member, Role},
    store::{Store, StoreError, audit, connection, grant, identity},
};

/// Collected data is kept this long after a Disconnect that asks for its deletion.
const KEPT_AFTER_DISCONNECT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a connection works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// Works.
    Connected,
    /// Access has ended; only a new consent helps.
    Reconnect,
    /// Ended by the organization.
    Disconnected,
}

/// PagerDuty's service region; a token works only in its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// `api.pagerduty.com`.
    Us,
    /// `api.eu.pagerduty.com`.
    Eu,
}

/// One connected PagerDuty account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// The organization.
    pub org: OrgId,
    /// Ours.
    pub id: ConnectionId,
    /// PagerDuty's account.
    pub account: Account,
    /// Our person who pressed Connect; nobody when an invitation made it.
    pub consented_by: Option<PersonId>,
    /// That person's name, or the invited address, as it was then.
    pub consented_by_name: String,
    /// When.
    pub consented_at: Timestamp,
    /// What PagerDuty granted.
    pub scopes_granted: Vec<String>,
    /// Asked for and not granted.
    pub scopes_missing: Vec<String>,
    /// Whether it works.
    pub state: ConnectionState,
    /// Why it does not, in public words; else empty.
    pub reason: String,
    /// End of the consent's window.
    pub access_ends_at: Option<Timestamp>,
    /// How access was given.
    pub access_kind: AccessKind,
    /// What is known of the user who consented.
    pub consenter: Consenter,
    /// When PagerDuty ends the grant unless it is renewed.
    pub idle_ends_at: Option<Timestamp>,
    /// When the collected data is deleted.
    pub erase_at: Option<Timestamp>,
}

/// Who consented at PagerDuty, as its id_token tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account id, PagerDuty's tenant key.
    pub id: String,
    /// The first label of its address; can be renamed.
    pub subdomain: String,
    /// Where it lives.
    pub region: Region,
    /// The consenting PagerDuty user.
    pub user_id: String,
}

/// A connection cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// No such connection in the organization.
    #[error("the organization has no such connection")]
    NotFound,
    /// The person may not.
    #[error("only an owner or an admin of the organization may do this")]
    Forbidden,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// All connections of an organization, oldest first.
pub async fn list(store: &Store, org: OrgId) -> Result<Vec<Connection>, ConnectionError> {
    let mut tx = store.tenant(org).await?;
    Ok(connection::list(&mut tx, org).await?)
}

/// Destroys the tokens and marks the connection disconnected. Idempotent; the wish to delete the data
/// can be added later, and a new consent takes it back.
pub async fn disconnect(
    store: &Store,
    member: Member,
    (id, erase_data): (ConnectionId, bool),
    now: Timestamp,
) -> Result<Connection, ConnectionError> {
    let org = member.org;
    let mut tx = store.tenant(org).await?;
    let role = identity::role(&mut tx, member).await?;
    if !role.is_some_and(Role::may_connect) {
        return Err(ConnectionError::Forbidden);
    }
    let found = connection::lock(&mut tx, org, id).await?;
    let mut found = found.ok_or(ConnectionError::NotFound)?;
    let is_new = found.state != ConnectionState::Disconnected;
    let is_new_wish = erase_data && found.erase_at.is_none();
    if is_new || is_new_wish {
        found.state = ConnectionState::Disconnected;
        found.reason = String::new();
        found.access_ends_at = None;
        found.idle_ends_at = None;
        if is_new_wish {
            found.erase_at = Some(now + KEPT_AFTER_DISCONNECT);
        }
        connection::set_state(&mut tx, &found, now).await?;
        grant::destroy(&mut tx, org, id).await?;
        let entry = audit::Entry {
            org,
            actor: Actor::Person(member.person),
            action: "connection.disconnected",
            subject: Subject::Connection(id),
            detail: json!({ "account_id": found.account.id, "subdomain": found.account.subdomain,
                            "erase_at": found.erase_at.map(|at| at.to_string()) }),
        };
        audit::write(&mut tx, entry, now).await?;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(found)
}

/// Every connection that can be synchronized.
pub async fn syncable(store: &Store) -> Result<Vec<(OrgId, ConnectionId)>, ConnectionError> {
    let mut tx = store.all_organizations().await?;
    Ok(connection::syncable(&mut tx).await?)
}

/// Every disconnected connection whose data is due for deletion.
pub async fn erasable(
    store: &Store,
    now: Timestamp,
) -> Result<Vec<(OrgId, ConnectionId)>, ConnectionError> {
    let mut tx = store.all_organizations().await?;
    Ok(connection::erasable(&mut tx, now).await?)
}

/// Takes down what a complete list of users said of the person who consented.
pub async fn report_consenter(
    store: &Store,
    (org, id): (OrgId, ConnectionId),
    (present, role): (bool, &str),
    now: Timestamp,
) -> Result<(), ConnectionError> {
    let mut tx = store.tenant(org).await?;
    let found = connection::lock(&mut tx, org, id).await?;
    let mut found = found.ok_or(ConnectionError::NotFound)?;
    let before = found.consenter.clone();
    found.consenter.present = Some(present);
    // Who has gone has no role; the last one stays known.
    if present {
        role.clone_into(&mut found.consenter.role);
        if before.first_role.is_empty() {
            role.clone_into(&mut found.consenter.first_role);
        }
    }
    if found.consenter != before {
        connection::set_consenter(&mut tx, &found, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
    }
    Ok(())
}

/// A new connection's id.
pub fn new_id() -> ConnectionId {
    ConnectionId(Uuid::now_v7())
}
