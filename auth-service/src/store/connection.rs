//! Rows of connections.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::{
    connection::{Account, Connection, ConnectionState, Region},
    grant::Claim,
};

/// A row as it stands; text that no code writes is an inconsistency.
pub(super) struct Row {
    pub(super) org_id: Uuid,
    pub(super) id: Uuid,
    pub(super) account_id: String,
    pub(super) subdomain: String,
    pub(super) region: String,
    pub(super) pagerduty_user_id: String,
    pub(super) consented_by: Uuid,
    pub(super) consented_at: jiff_sqlx::Timestamp,
    pub(super) scopes_granted: Vec<String>,
    pub(super) scopes_missing: Vec<String>,
    pub(super) state: String,
    pub(super) reason: String,
    pub(super) access_ends_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for Connection {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let region = match row.region.as_str() {
            "us" => Region::Us,
            "eu" => Region::Eu,
            _ => return Err(StoreError::Inconsistent("connections")),
        };
        Ok(Self {
            org: OrgId(row.org_id),
            id: ConnectionId(row.id),
            account: Account {
                id: row.account_id,
                subdomain: row.subdomain,
                region,
                user_id: row.pagerduty_user_id,
            },
            consented_by: PersonId(row.consented_by),
            consented_at: row.consented_at.to_jiff(),
            scopes_granted: row.scopes_granted,
            scopes_missing: row.scopes_missing,
            state: state_of(&row.state)?,
            reason: row.reason,
            access_ends_at: row.access_ends_at.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

pub(super) fn state_of(text: &str) -> Result<ConnectionState, StoreError> {
    match text {
        "connected" => Ok(ConnectionState::Connected),
        "reconnect" => Ok(ConnectionState::Reconnect),
        "disconnected" => Ok(ConnectionState::Disconnected),
        _ => Err(StoreError::Inconsistent("connections")),
    }
}

fn state_text(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::Connected => "connected",
        ConnectionState::Reconnect => "reconnect",
        ConnectionState::Disconnected => "disconnected",
    }
}

fn region_text(region: Region) -> &'static str {
    match region {
        Region::Us => "us",
        Region::Eu => "eu",
    }
}

/// All of an organization, oldest first.
pub async fn list(db: &mut PgConnection, org: OrgId) -> Result<Vec<Connection>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by, consented_at,
                scopes_granted, scopes_missing, state, reason, access_ends_at
         from connections where org_id = $1 order by created_at, id",
        org.0
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Connection::try_from).collect()
}

/// One, as it stands.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    id: ConnectionId,
) -> Result<Option<Connection>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by, consented_at,
                scopes_granted, scopes_missing, state, reason, access_ends_at
         from connections where org_id = $1 and id = $2",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Connection::try_from).transpose()
}

/// One, locked until the transaction ends.
pub async fn lock(
    db: &mut PgConnection,
    org: OrgId,
    id: ConnectionId,
) -> Result<Option<Connection>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by, consented_at,
                scopes_granted, scopes_missing, state, reason, access_ends_at
         from connections where org_id = $1 and id = $2 for update",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Connection::try_from).transpose()
}

/// Makes a connection, or renews the organization's connection of the same account, and answers the
/// id that holds.
pub async fn upsert(
    db: &mut PgConnection,
    connection: &Connection,
    now: Timestamp,
) -> Result<ConnectionId, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into connections (org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by,
             consented_at, scopes_granted, scopes_missing, state, reason, access_ends_at, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
         on conflict (org_id, account_id) do update set
             subdomain = excluded.subdomain, region = excluded.region,
             pagerduty_user_id = excluded.pagerduty_user_id, consented_by = excluded.consented_by,
             consented_at = excluded.consented_at, scopes_granted = excluded.scopes_granted,
             scopes_missing = excluded.scopes_missing, state = excluded.state, reason = excluded.reason,
             access_ends_at = excluded.access_ends_at, updated_at = excluded.updated_at
         returning id",
        connection.org.0,
        connection.id.0,
        connection.account.id,
        connection.account.subdomain,
        region_text(connection.account.region),
        connection.account.user_id,
        connection.consented_by.0,
        connection.consented_at.to_sqlx() as _,
        &connection.scopes_granted,
        &connection.scopes_missing,
        state_text(connection.state),
        connection.reason,
        connection.access_ends_at.map(ToSqlx::to_sqlx) as _,
        now.to_sqlx() as _
    )
    .fetch_one(db)
    .await?;
    Ok(ConnectionId(id))
}

/// Writes state, reason and end.
pub async fn set_state(
    db: &mut PgConnection,
    connection: &Connection,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update connections set state = $3, reason = $4, access_ends_at = $5, updated_at = $6
         where org_id = $1 and id = $2",
        connection.org.0,
        connection.id.0,
        state_text(connection.state),
        connection.reason,
        connection.access_ends_at.map(ToSqlx::to_sqlx) as _,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes what a refresh granted, and what of the former is missing now.
pub async fn set_scopes(
    db: &mut PgConnection,
    claim: &Claim,
    (granted, missing): (&[String], &[String]),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update connections set scopes_granted = $3, scopes_missing = $4, updated_at = $5
         where org_id = $1 and id = $2",
        claim.org.0,
        claim.connection.0,
        granted,
        missing,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Every connection that works, of every organization.
pub async fn syncable(db: &mut PgConnection) -> Result<Vec<(OrgId, ConnectionId)>, StoreError> {
    let rows = sqlx::query!(
        "select org_id, id from connections where state = 'connected' order by org_id, id"
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (OrgId(row.org_id), ConnectionId(row.id)))
        .collect())
}
