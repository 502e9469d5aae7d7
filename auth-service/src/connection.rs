//! What an organization has connected: one PagerDuty account, its state, and how it ends.

use jiff::Timestamp;
use proto::{ConnectionId, OrgId, PersonId};
use serde_json::json;
use uuid::Uuid;

use crate::{
    identity::{Member, Role},
    store::{Store, StoreError, audit, connection, grant, identity},
};

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
    /// Our person who consented last.
    pub consented_by: PersonId,
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

/// Destroys the tokens and marks the connection disconnected. Idempotent.
pub async fn disconnect(
    store: &Store,
    member: Member,
    id: ConnectionId,
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
    if found.state != ConnectionState::Disconnected {
        found.state = ConnectionState::Disconnected;
        found.reason = String::new();
        found.access_ends_at = None;
        connection::set_state(&mut tx, &found, now).await?;
        grant::destroy(&mut tx, org, id).await?;
        let entry = audit::Entry {
            org,
            actor: member.person.to_string(),
            action: "connection.disconnected",
            connection: Some(id),
            detail: json!({ "account_id": found.account.id, "subdomain": found.account.subdomain }),
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

/// A new connection's id.
pub fn new_id() -> ConnectionId {
    ConnectionId(Uuid::now_v7())
}
