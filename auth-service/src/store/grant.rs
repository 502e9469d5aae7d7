//! Rows of grants: tokens (sealed) and the refresh intent. Every write of a refresh compares the
//! fence, so that a holder that was thought dead changes nothing.
//!
//! Lock order: the connection first, then its grant.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ConnectionId, OrgId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    StoreError,
    connection::{kind_of, state_of},
};
use crate::{
    connection::Region,
    grant::{Claim, Grant, Intent, SealedPair},
};

struct Row {
    org_id: Uuid,
    connection_id: Uuid,
    state: String,
    reason: String,
    region: String,
    access_kind: String,
    subdomain: String,
    pagerduty_user_id: String,
    scopes_granted: Vec<String>,
    access_token: Option<Vec<u8>>,
    token_version: i64,
    issued_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
    after_rejection: bool,
    first_lent_at: Option<jiff_sqlx::Timestamp>,
    keeps_previous: bool,
    refresh_fence: i64,
    refresh_started_at: Option<jiff_sqlx::Timestamp>,
    refresh_presentations: i16,
    refresh_failures: i32,
    refresh_not_before: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for Grant {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let region = match row.region.as_str() {
            "us" => Region::Us,
            "eu" => Region::Eu,
            _ => return Err(StoreError::Inconsistent("connections")),
        };
        Ok(Self {
            org: OrgId(row.org_id),
            connection: ConnectionId(row.connection_id),
            state: state_of(&row.state)?,
            reason: row.reason,
            kind: kind_of(&row.access_kind)?,
            region,
            subdomain: row.subdomain,
            user_id: row.pagerduty_user_id,
            scopes: row.scopes_granted,
            access_token: row.access_token,
            token_version: row.token_version,
            issued_at: row.issued_at.to_jiff(),
            expires_at: row.expires_at.to_jiff(),
            after_rejection: row.after_rejection,
            first_lent_at: row.first_lent_at.map(jiff_sqlx::Timestamp::to_jiff),
            keeps_previous: row.keeps_previous,
            intent: Intent {
                fence: row.refresh_fence,
                held_since: row.refresh_started_at.map(jiff_sqlx::Timestamp::to_jiff),
                presentations: row.refresh_presentations,
                failures: row.refresh_failures,
                not_before: row.refresh_not_before.map(jiff_sqlx::Timestamp::to_jiff),
            },
        })
    }
}

/// The grant of a connection.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    id: ConnectionId,
) -> Result<Option<Grant>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select g.org_id, g.connection_id, c.state, c.reason, c.region, c.access_kind, c.subdomain,
                c.pagerduty_user_id, c.scopes_granted, g.access_token, g.token_version, g.issued_at,
                g.expires_at, g.after_rejection, g.first_lent_at,
                g.previous_refresh_token is not null as \"keeps_previous!\", g.refresh_fence,
                g.refresh_started_at, g.refresh_presentations, g.refresh_failures, g.refresh_not_before
         from grants g join connections c on c.org_id = g.org_id and c.id = g.connection_id
         where g.org_id = $1 and g.connection_id = $2",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Grant::try_from).transpose()
}

/// Grants with less than a quarter of their life left: what refreshing ahead has to look at.
pub async fn ending(
    db: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Grant>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select g.org_id, g.connection_id, c.state, c.reason, c.region, c.access_kind, c.subdomain,
                c.pagerduty_user_id, c.scopes_granted, g.access_token, g.token_version, g.issued_at,
                g.expires_at, g.after_rejection, g.first_lent_at,
                g.previous_refresh_token is not null as \"keeps_previous!\", g.refresh_fence,
                g.refresh_started_at, g.refresh_presentations, g.refresh_failures, g.refresh_not_before
         from grants g join connections c on c.org_id = g.org_id and c.id = g.connection_id
         where g.access_token is not null and c.access_kind <> 'api_key' and c.state = 'connected'
           and g.expires_at - (g.expires_at - g.issued_at) / 4 <= $1
           and (g.refresh_not_before is null or g.refresh_not_before <= $1)
         order by g.expires_at limit $2",
        now.to_sqlx() as _,
        limit
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Grant::try_from).collect()
}

/// Stores the first pair of a consent, or replaces what was there; a refresh under way is fenced off.
pub async fn store(
    db: &mut PgConnection,
    org: OrgId,
    id: ConnectionId,
    pair: &SealedPair,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into grants (org_id, connection_id, access_token, refresh_token, token_version, issued_at, expires_at,
             refresh_expires_at)
         values ($1, $2, $3, $4, 1, $5, $6, $7)
         on conflict (org_id, connection_id) do update set
             access_token = excluded.access_token, refresh_token = excluded.refresh_token,
             previous_refresh_token = null, first_lent_at = null,
             token_version = grants.token_version + 1, issued_at = excluded.issued_at,
             expires_at = excluded.expires_at, refresh_expires_at = excluded.refresh_expires_at,
             after_rejection = false, refresh_fence = grants.refresh_fence + 1, refresh_holder = null,
             refresh_started_at = null, refresh_presentations = 0, refresh_failures = 0, refresh_not_before = null",
        org.0,
        id.0,
        pair.access_token,
        pair.refresh_token,
        pair.issued_at.to_sqlx() as _,
        pair.expires_at.to_sqlx() as _,
        pair.refresh_expires_at.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Writes the intent to refresh, if the grant is still as it was seen. From here on the refresh token
/// counts as presented.
pub async fn claim(
    db: &mut PgConnection,
    seen: &Grant,
    holder: Uuid,
    now: Timestamp,
) -> Result<Option<Claim>, StoreError> {
    let row = sqlx::query!(
        "update grants set refresh_fence = refresh_fence + 1, refresh_holder = $5, refresh_started_at = $6,
             refresh_presentations = refresh_presentations + 1
         where org_id = $1 and connection_id = $2 and token_version = $3 and refresh_fence = $4
           and access_token is not null
         returning refresh_fence, refresh_token, previous_refresh_token, refresh_presentations, refresh_failures",
        seen.org.0,
        seen.connection.0,
        seen.token_version,
        seen.intent.fence,
        holder,
        now.to_sqlx() as _
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Claim {
        org: seen.org,
        connection: seen.connection,
        kind: seen.kind,
        fence: row.refresh_fence,
        refresh_token: row.refresh_token,
        previous: row.previous_refresh_token,
        presentations: row.refresh_presentations,
        failures: row.refresh_failures,
    }))
}

/// Stores the pair a refresh brought. False: the fence has moved on, nothing was written.
pub async fn renew(
    db: &mut PgConnection,
    claim: &Claim,
    pair: &SealedPair,
    after_rejection: bool,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update grants set access_token = $4, refresh_token = $5, token_version = token_version + 1, issued_at = $6,
             expires_at = $7, refresh_expires_at = $8, after_rejection = $9, previous_refresh_token = $10,
             first_lent_at = null, refresh_holder = null,
             refresh_started_at = null, refresh_presentations = 0, refresh_failures = 0, refresh_not_before = null,
             refresh_fence = refresh_fence + 1
         where org_id = $1 and connection_id = $2 and refresh_fence = $3 and refresh_holder is not null",
        claim.org.0,
        claim.connection.0,
        claim.fence,
        pair.access_token,
        pair.refresh_token,
        pair.issued_at.to_sqlx() as _,
        pair.expires_at.to_sqlx() as _,
        pair.refresh_expires_at.to_sqlx() as _,
        after_rejection,
        pair.previous
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends an intent without a new pair: the next try comes no earlier than `not_before`.
pub async fn hold_back(
    db: &mut PgConnection,
    claim: &Claim,
    presentations: i16,
    not_before: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update grants set refresh_holder = null, refresh_started_at = null, refresh_presentations = $4,
             refresh_failures = refresh_failures + 1, refresh_not_before = $5
         where org_id = $1 and connection_id = $2 and refresh_fence = $3",
        claim.org.0,
        claim.connection.0,
        claim.fence,
        presentations,
        not_before.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether the fence still stands where it was seen; the row is locked until the transaction ends.
pub async fn lock_fence(
    db: &mut PgConnection,
    org: OrgId,
    id: ConnectionId,
    fence: i64,
) -> Result<bool, StoreError> {
    let standing = sqlx::query_scalar!(
        "select refresh_fence from grants
         where org_id = $1 and connection_id = $2 and access_token is not null for update",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(standing == Some(fence))
}

/// Destroys the tokens. Version and fence go on, so that whoever still holds something is refused.
pub async fn destroy(
    db: &mut PgConnection,
    org: OrgId,
    id: ConnectionId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update grants set access_token = null, refresh_token = null, previous_refresh_token = null, token_version = token_version + 1,
             refresh_fence = refresh_fence + 1, refresh_holder = null, refresh_started_at = null,
             refresh_presentations = 0, refresh_failures = 0, refresh_not_before = null
         where org_id = $1 and connection_id = $2",
        org.0,
        id.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Notes that a pair was lent for the first time.
pub async fn note_lent(
    db: &mut PgConnection,
    grant: &Grant,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update grants set first_lent_at = $4
         where org_id = $1 and connection_id = $2 and token_version = $3 and first_lent_at is null",
        grant.org.0,
        grant.connection.0,
        grant.token_version,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Destroys the token before the current pair, which has worked.
pub async fn forget_previous(db: &mut PgConnection, grant: &Grant) -> Result<(), StoreError> {
    sqlx::query!(
        "update grants set previous_refresh_token = null
         where org_id = $1 and connection_id = $2 and token_version = $3",
        grant.org.0,
        grant.connection.0,
        grant.token_version
    )
    .execute(db)
    .await?;
    Ok(())
}
