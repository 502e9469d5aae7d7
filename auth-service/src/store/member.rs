//! Rows of members and of their organization.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    StoreError,
    identity::{role_of, role_text},
};
use crate::{identity::Role, member::Membership};

struct Row {
    person_id: Uuid,
    email: String,
    name: String,
    role: String,
    created_at: jiff_sqlx::Timestamp,
    last_seen_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for Membership {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            person: PersonId(row.person_id),
            email: row.email,
            name: row.name,
            role: role_of(&row.role)?,
            joined_at: row.created_at.to_jiff(),
            last_seen_at: row.last_seen_at.map(jiff_sqlx::Timestamp::to_jiff),
        })
    }
}

/// All of an organization, by address.
pub async fn list(db: &mut PgConnection, org: OrgId) -> Result<Vec<Membership>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select m.person_id, p.email, p.name, m.role, m.created_at, m.last_seen_at
         from memberships m join people p on p.id = m.person_id where m.org_id = $1 order by p.email",
        org.0
    )
    .fetch_all(db)
    .await?;
    rows.into_iter().map(Membership::try_from).collect()
}

/// One, as it stands.
pub async fn find(
    db: &mut PgConnection,
    org: OrgId,
    person: PersonId,
) -> Result<Option<Membership>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select m.person_id, p.email, p.name, m.role, m.created_at, m.last_seen_at
         from memberships m join people p on p.id = m.person_id where m.org_id = $1 and m.person_id = $2",
        org.0,
        person.0
    )
    .fetch_optional(db)
    .await?;
    row.map(Membership::try_from).transpose()
}

/// Lets one change of an organization's members run at a time, so that two owners cannot unmake each
/// other.
pub async fn lock_all(db: &mut PgConnection, org: OrgId) -> Result<(), StoreError> {
    sqlx::query!(
        "select person_id from memberships where org_id = $1 order by person_id for update",
        org.0
    )
    .fetch_all(db)
    .await?;
    Ok(())
}

/// How many owners there are.
pub async fn count_owners(db: &mut PgConnection, org: OrgId) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        "select count(*) as \"count!\" from memberships where org_id = $1 and role = 'owner'",
        org.0
    )
    .fetch_one(db)
    .await?;
    Ok(count)
}

/// The person with this address, made if there is none; who is known already keeps their name.
pub async fn ensure_person(
    db: &mut PgConnection,
    email: &str,
    name: &str,
    now: Timestamp,
) -> Result<PersonId, StoreError> {
    let id = sqlx::query_scalar!(
        "insert into people (id, email, name, created_at) values ($1, $2, $3, $4)
         on conflict (email) do update set email = excluded.email
         returning id",
        Uuid::now_v7(),
        email,
        name,
        now.to_sqlx() as _
    )
    .fetch_one(db)
    .await?;
    Ok(PersonId(id))
}

/// Makes a person a member; false when they are one already.
pub async fn insert(
    db: &mut PgConnection,
    (org, person): (OrgId, PersonId),
    role: Role,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "insert into memberships (org_id, person_id, role, created_at) values ($1, $2, $3, $4)
         on conflict (org_id, person_id) do nothing",
        org.0,
        person.0,
        role_text(role),
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes a role and ends the member's sessions, so that nobody goes on with what they no longer have.
pub async fn set_role(
    db: &mut PgConnection,
    (org, person): (OrgId, PersonId),
    role: Role,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with ended as (delete from sessions where org_id = $1 and person_id = $2)
         update memberships set role = $3 where org_id = $1 and person_id = $2",
        org.0,
        person.0,
        role_text(role)
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a membership with its sessions, links and consents under way (by cascade), its API keys and
/// its open invitations.
pub async fn delete(
    db: &mut PgConnection,
    (org, person): (OrgId, PersonId),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update api_keys set revoked_at = $3 where org_id = $1 and created_by = $2 and revoked_at is null",
        org.0,
        person.0,
        now.to_sqlx() as _
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "update invitations set revoked_at = $3
         where org_id = $1 and invited_by = $2 and revoked_at is null and accepted_at is null",
        org.0,
        person.0,
        now.to_sqlx() as _
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "delete from memberships where org_id = $1 and person_id = $2",
        org.0,
        person.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// An organization's name.
pub async fn organization_name(
    db: &mut PgConnection,
    org: OrgId,
) -> Result<Option<String>, StoreError> {
    let name = sqlx::query_scalar!("select name from organizations where id = $1", org.0)
        .fetch_optional(db)
        .await?;
    Ok(name)
}

/// Renames an organization.
pub async fn rename_organization(
    db: &mut PgConnection,
    org: OrgId,
    name: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update organizations set name = $2 where id = $1",
        org.0,
        name
    )
    .execute(db)
    .await?;
    Ok(())
}
