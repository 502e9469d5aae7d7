//! Rows of connections.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::{
    access::{AccessKind, Consenter},
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
    pub(super) consented_by: Option<Uuid>,
    pub(super) consented_by_name: String,
    pub(super) consented_at: jiff_sqlx::Timestamp,
    pub(super) scopes_granted: Vec<String>,
    pub(super) scopes_missing: Vec<String>,
    pub(super) state: String,
    pub(super) reason: String,
    pub(super) access_ends_at: Option<jiff_sqlx::Timestamp>,
    pub(super) access_kind: String,
    pub(super) consenter_present: Option<bool>,
    pub(super) consenter_role: String,
    pub(super) consenter_first_role: String,
    pub(super) erase_at: Option<jiff_sqlx::Timestamp>,
    pub(super) idle_ends_at: Option<jiff_sqlx::Timestamp>,
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
            consented_by: row.consented_by.map(PersonId),
            consented_by_name: row.consented_by_name,
            consented_at: row.consented_at.to_jiff(),
            scopes_granted: row.scopes_granted,
            scopes_missing: row.scopes_missing,
            state: state_of(&row.state)?,
            reason: row.reason,
            access_ends_at: row.access_ends_at.map(jiff_sqlx::Timestamp::to_jiff),
            access_kind: kind_of(&row.access_kind)?,
            consenter: Consenter {
                present: row.consenter_present,
                role: row.consenter_role,
                first_role: row.consenter_first_role,
            },
            idle_ends_at: row.idle_ends_at.map(jiff_sqlx::Timestamp::to_jiff),
            erase_at: row.erase_at.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

pub(super) fn kind_of(text: &str) -> Result<AccessKind, StoreError> {
    text.parse()
        .map_err(|_| StoreError::Inconsistent("connections"))
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
        "select org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by,
                consented_by_name, consented_at, scopes_granted, scopes_missing, state, reason, access_ends_at,
                access_kind, consenter_present, consenter_role, consenter_first_role, erase_at,
                (select refresh_expires_at from grants g
                 where g.org_id = c.org_id and g.connection_id = c.id and g.refresh_token is not null)
                as \"idle_ends_at?\"
         from connections c where org_id = $1 order by created_at, id",
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
        "select org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by,
                consented_by_name, consented_at, scopes_granted, scopes_missing, state, reason, access_ends_at,
                access_kind, consenter_present, consenter_role, consenter_first_role, erase_at,
                (select refresh_expires_at from grants g
                 where g.org_id = c.org_id and g.connection_id = c.id and g.refresh_token is not null)
                as \"idle_ends_at?\"
         from connections c where org_id = $1 and id = $2",
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
        "select org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by,
                consented_by_name, consented_at, scopes_granted, scopes_missing, state, reason, access_ends_at,
                access_kind, consenter_present, consenter_role, consenter_first_role, erase_at,
                (select refresh_expires_at from grants g
                 where g.org_id = c.org_id and g.connection_id = c.id and g.refresh_token is not null)
                as \"idle_ends_at?\"
         from connections c where org_id = $1 and id = $2 for update of c",
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
             consented_at, scopes_granted, scopes_missing, state, reason, access_ends_at, created_at, updated_at,
             consented_by_name, access_kind)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14, $15, $16)
         on conflict (org_id, account_id) do update set
             subdomain = excluded.subdomain, region = excluded.region,
             pagerduty_user_id = excluded.pagerduty_user_id, consented_by = excluded.consented_by,
             consented_by_name = excluded.consented_by_name, access_kind = excluded.access_kind,
             consenter_present = null, consenter_role = '', consenter_first_role = '', erase_at = null,
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
        connection.consented_by.map(|person| person.0),
        connection.consented_at.to_sqlx() as _,
        &connection.scopes_granted,
        &connection.scopes_missing,
        state_text(connection.state),
        connection.reason,
        connection.access_ends_at.map(ToSqlx::to_sqlx) as _,
        now.to_sqlx() as _,
        connection.consented_by_name,
        connection.access_kind.name()
    )
    .fetch_one(db)
    .await?;
    Ok(ConnectionId(id))
}

/// The accounts without a known id are named by their address: `us:acme`. Once PagerDuty has told the
/// id, the connection takes it over.
pub async fn adopt(db: &mut PgConnection, org: OrgId, account: &Account) -> Result<(), StoreError> {
    let by_address = by_address(account.region, &account.subdomain);
    sqlx::query!(
        "update connections set account_id = $3 where org_id = $1 and account_id = $2
           and not exists (select from connections where org_id = $1 and account_id = $3)",
        org.0,
        by_address,
        account.id
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The account id that the organization knows for an address, or the address itself.
pub async fn account_at(
    db: &mut PgConnection,
    org: OrgId,
    region: Region,
    subdomain: &str,
) -> Result<String, StoreError> {
    let known = sqlx::query_scalar!(
        "select account_id from connections where org_id = $1 and region = $2 and subdomain = $3
         order by updated_at desc limit 1",
        org.0,
        region_text(region),
        subdomain
    )
    .fetch_optional(db)
    .await?;
    Ok(known.unwrap_or_else(|| by_address(region, subdomain)))
}

fn by_address(region: Region, subdomain: &str) -> String {
    format!("{}:{subdomain}", region_text(region))
}

/// Writes what is known of the user who consented.
pub async fn set_consenter(
    db: &mut PgConnection,
    connection: &Connection,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update connections set consenter_present = $3, consenter_role = $4, consenter_first_role = $5,
             updated_at = $6
         where org_id = $1 and id = $2",
        connection.org.0,
        connection.id.0,
        connection.consenter.present,
        connection.consenter.role,
        connection.consenter.first_role,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes state, reason, end, and the wish to delete.
pub async fn set_state(
    db: &mut PgConnection,
    connection: &Connection,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update connections set state = $3, reason = $4, access_ends_at = $5, updated_at = $6, erase_at = $7
         where org_id = $1 and id = $2",
        connection.org.0,
        connection.id.0,
        state_text(connection.state),
        connection.reason,
        connection.access_ends_at.map(ToSqlx::to_sqlx) as _,
        now.to_sqlx() as _,
        connection.erase_at.map(ToSqlx::to_sqlx) as _
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

/// Every disconnected connection whose data is due for deletion, of every organization.
pub async fn erasable(
    db: &mut PgConnection,
    now: Timestamp,
) -> Result<Vec<(OrgId, ConnectionId)>, StoreError> {
    let rows = sqlx::query!(
        "select org_id, id from connections where state = 'disconnected' and erase_at <= $1 order by org_id, id",
        now.to_sqlx() as _
    )
    .fetch_all(db)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (OrgId(row.org_id), ConnectionId(row.id)))
        .collect())
}

/// Every connection that works, of every organization, whole.
pub async fn connected(db: &mut PgConnection) -> Result<Vec<Connection>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select org_id, id, account_id, subdomain, region, pagerduty_user_id, consented_by,
                consented_by_name, consented_at, scopes_granted, scopes_missing, state, reason, access_ends_at,
                access_kind, consenter_present, consenter_role, consenter_first_role, erase_at,
                (select refresh_expires_at from grants g
                 where g.org_id = c.org_id and g.connection_id = c.id and g.refresh_token is not null)
                as \"idle_ends_at?\"
         from connections c where state = 'connected' order by org_id, id"
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Connection::try_from).collect()
}
