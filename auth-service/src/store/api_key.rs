//! Rows of API keys. A key's role in force is the lesser of its own and its maker's.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{ApiKeyId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{StoreError, identity::role_of, identity::role_text};
use crate::{
    api_key::{ApiKey, Known},
    audit::Actor,
    authority::Acting,
    opaque::OpaqueHash,
};

struct Row {
    org_id: Uuid,
    id: Uuid,
    name: String,
    role: String,
    prefix: String,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
    last_used_at: Option<jiff_sqlx::Timestamp>,
    revoked_at: Option<jiff_sqlx::Timestamp>,
    maker_role: Option<String>,
}

impl TryFrom<Row> for ApiKey {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let mut role = role_of(&row.role)?;
        if let Some(maker) = row.maker_role {
            role = role.lesser(role_of(&maker)?);
        }
        Ok(Self {
            org: OrgId(row.org_id),
            id: ApiKeyId(row.id),
            name: row.name,
            role,
            prefix: row.prefix,
            created_by: PersonId(row.created_by),
            created_at: row.created_at.to_jiff(),
            expires_at: row.expires_at.to_jiff(),
            last_used_at: row.last_used_at.map(jiff_sqlx::Timestamp::to_jiff),
            revoked_at: row.revoked_at.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

/// All of an organization, newest first.
pub async fn list(db: &mut PgConnection, org: OrgId) -> Result<Vec<ApiKey>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select k.org_id, k.id, k.name, k.role, k.prefix, k.created_by, k.created_at, k.expires_at, k.last_used_at,
                k.revoked_at, m.role as \"maker_role?\"
         from api_keys k left join memberships m on m.org_id = k.org_id and m.person_id = k.created_by
         where k.org_id = $1 order by k.created_at desc, k.id desc",
        org.0
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(ApiKey::try_from).collect()
}

/// One, locked until the transaction ends.
pub async fn lock(
    db: &mut PgConnection,
    org: OrgId,
    id: ApiKeyId,
) -> Result<Option<ApiKey>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select k.org_id, k.id, k.name, k.role, k.prefix, k.created_by, k.created_at, k.expires_at, k.last_used_at,
                k.revoked_at, m.role as \"maker_role?\"
         from api_keys k left join memberships m on m.org_id = k.org_id and m.person_id = k.created_by
         where k.org_id = $1 and k.id = $2 for update of k",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    row.map(ApiKey::try_from).transpose()
}

/// How many are neither revoked nor expired.
pub async fn count_live(
    db: &mut PgConnection,
    org: OrgId,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        "select count(*) as \"count!\" from api_keys
         where org_id = $1 and revoked_at is null and expires_at > $2",
        org.0,
        now.to_sqlx() as _
    )
    .fetch_one(db)
    .await?;
    Ok(count)
}

/// Keeps a new key.
pub async fn insert(
    db: &mut PgConnection,
    key: &ApiKey,
    hash: OpaqueHash,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into api_keys (org_id, id, name, role, prefix, token_hash, created_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        key.org.0,
        key.id.0,
        key.name,
        role_text(key.role),
        key.prefix,
        hash.as_bytes(),
        key.created_by.0,
        key.created_at.to_sqlx() as _,
        key.expires_at.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Replaces a key's secret; the old one is unknown from then on.
pub async fn set_secret(
    db: &mut PgConnection,
    key: &ApiKey,
    hash: OpaqueHash,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update api_keys set token_hash = $3, prefix = $4 where org_id = $1 and id = $2",
        key.org.0,
        key.id.0,
        hash.as_bytes(),
        key.prefix
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a key.
pub async fn revoke(
    db: &mut PgConnection,
    org: OrgId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update api_keys set revoked_at = coalesce(revoked_at, $3) where org_id = $1 and id = $2",
        org.0,
        id.0,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A key's secret, found: the key must not be revoked, and its maker must still be a member.
pub async fn find_by_secret(
    db: &mut PgConnection,
    hash: OpaqueHash,
    now: Timestamp,
) -> Result<Option<Known>, StoreError> {
    let row = sqlx::query!(
        "select k.org_id, k.id, k.name, k.role, k.last_used_at, m.role as maker_role, o.name as org_name
         from api_keys k
         join memberships m on m.org_id = k.org_id and m.person_id = k.created_by
         join organizations o on o.id = k.org_id
         where k.token_hash = $1 and k.revoked_at is null and k.expires_at > $2",
        hash.as_bytes(),
        now.to_sqlx() as _
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Known {
        org: OrgId(row.org_id),
        org_name: row.org_name,
        id: ApiKeyId(row.id),
        name: row.name,
        role: role_of(&row.role)?.lesser(role_of(&row.maker_role)?),
        last_used_at: row.last_used_at.map(jiff_sqlx::Timestamp::to_jiff),
    }))
}

/// A live key as somebody who acts.
pub async fn acting(
    db: &mut PgConnection,
    org: OrgId,
    id: ApiKeyId,
) -> Result<Option<Acting>, StoreError> {
    let row = sqlx::query!(
        "select k.role, k.created_by, m.role as maker_role,
                coalesce(nullif(p.name, ''), p.email) as \"person_name!\"
         from api_keys k
         join memberships m on m.org_id = k.org_id and m.person_id = k.created_by
         join people p on p.id = k.created_by
         where k.org_id = $1 and k.id = $2 and k.revoked_at is null",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Acting {
        person: PersonId(row.created_by),
        person_name: row.person_name,
        actor: Actor::ApiKey(id),
        role: role_of(&row.role)?.lesser(role_of(&row.maker_role)?),
    }))
}

/// Writes the last use, never back.
pub async fn touch(
    db: &mut PgConnection,
    org: OrgId,
    id: ApiKeyId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update api_keys set last_used_at = greatest(last_used_at, $3) where org_id = $1 and id = $2",
        org.0,
        id.0,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}
