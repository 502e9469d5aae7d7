//! Rows of organizations, people, links and sessions.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::{
    identity::{LINK_LIFE, Member, NewOrganization, Role, SESSION_LIFE, Session},
    opaque::OpaqueHash,
};

pub(super) fn role_of(text: &str) -> Result<Role, StoreError> {
    match text {
        "owner" => Ok(Role::Owner),
        "admin" => Ok(Role::Admin),
        "analyst" => Ok(Role::Analyst),
        "viewer" => Ok(Role::Viewer),
        _ => Err(StoreError::Inconsistent("memberships")),
    }
}

/// As the database names a role.
pub(super) fn role_text(role: Role) -> &'static str {
    role.name()
}

/// Lets one `org create` run at a time.
pub async fn lock_creation(db: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtext('organization creation')) as \"locked: String\""
    )
    .fetch_one(db)
    .await?;
    Ok(())
}

/// The organization of this name that this address owns.
pub async fn find_owned(
    db: &mut PgConnection,
    new: &NewOrganization,
) -> Result<Option<Member>, StoreError> {
    let row = sqlx::query!(
        "select m.org_id, m.person_id
         from memberships m
         join organizations o on o.id = m.org_id
         join people p on p.id = m.person_id
         where o.name = $1 and p.email = $2 and m.role = 'owner'
         order by m.created_at limit 1",
        new.name,
        new.owner_email
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Member {
        org: OrgId(row.org_id),
        person: PersonId(row.person_id),
    }))
}

/// A new organization; a person who is already known keeps id and name.
pub async fn insert_organization(
    db: &mut PgConnection,
    new: &NewOrganization,
    now: Timestamp,
) -> Result<Member, StoreError> {
    let org = Uuid::now_v7();
    let at = now.to_sqlx();
    sqlx::query!(
        "insert into organizations (id, name, created_at) values ($1, $2, $3)",
        org,
        new.name,
        at as _
    )
    .execute(&mut *db)
    .await?;
    let person = sqlx::query_scalar!(
        "insert into people (id, email, name, created_at) values ($1, $2, $3, $4)
         on conflict (email) do update set email = excluded.email
         returning id",
        Uuid::now_v7(),
        new.owner_email,
        new.owner_name,
        at as _
    )
    .fetch_one(&mut *db)
    .await?;
    sqlx::query!(
        "insert into memberships (org_id, person_id, role, created_at) values ($1, $2, 'owner', $3)",
        org,
        person,
        at as _
    )
    .execute(db)
    .await?;
    Ok(Member {
        org: OrgId(org),
        person: PersonId(person),
    })
}

/// The first membership of an address.
pub async fn find_member(db: &mut PgConnection, email: &str) -> Result<Option<Member>, StoreError> {
    let row = sqlx::query!(
        "select m.org_id, m.person_id
         from memberships m join people p on p.id = m.person_id
         where p.email = $1
         order by m.created_at, m.org_id limit 1",
        email
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Member {
        org: OrgId(row.org_id),
        person: PersonId(row.person_id),
    }))
}

/// The role of a person, `None` when not a member.
pub async fn role(db: &mut PgConnection, member: Member) -> Result<Option<Role>, StoreError> {
    let role = sqlx::query_scalar!(
        "select role from memberships where org_id = $1 and person_id = $2",
        member.org.0,
        member.person.0
    )
    .fetch_optional(db)
    .await?;
    role.map(|role| role_of(&role)).transpose()
}

/// Keeps the hash of a new link.
pub async fn insert_link(
    db: &mut PgConnection,
    hash: OpaqueHash,
    member: Member,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into sign_in_links (token_hash, org_id, person_id, created_at, expires_at)
         values ($1, $2, $3, $4, $5)",
        hash.as_bytes(),
        member.org.0,
        member.person.0,
        now.to_sqlx() as _,
        (now + LINK_LIFE).to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Marks a live link used, once; `None` when there is none.
pub async fn take_link(
    db: &mut PgConnection,
    hash: OpaqueHash,
    now: Timestamp,
) -> Result<Option<Member>, StoreError> {
    let row = sqlx::query!(
        "update sign_in_links set used_at = $2
         where token_hash = $1 and used_at is null and expires_at > $2
         returning org_id, person_id",
        hash.as_bytes(),
        now.to_sqlx() as _
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Member {
        org: OrgId(row.org_id),
        person: PersonId(row.person_id),
    }))
}

/// Keeps the hash of a new session.
pub async fn insert_session(
    db: &mut PgConnection,
    hash: OpaqueHash,
    member: Member,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with seen as (
             update memberships set last_seen_at = greatest(last_seen_at, $4) where org_id = $2 and person_id = $3
         )
         insert into sessions (token_hash, org_id, person_id, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, $4, $4, $5)",
        hash.as_bytes(),
        member.org.0,
        member.person.0,
        now.to_sqlx() as _,
        (now + SESSION_LIFE).to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A session with its person, whether live or not.
pub async fn find_session(
    db: &mut PgConnection,
    hash: OpaqueHash,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query!(
        "select s.org_id, s.person_id, s.last_seen_at, s.expires_at, p.email, p.name, o.name as org_name, m.role
         from sessions s
         join people p on p.id = s.person_id
         join organizations o on o.id = s.org_id
         join memberships m on m.org_id = s.org_id and m.person_id = s.person_id
         where s.token_hash = $1",
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Session {
        member: Member {
            org: OrgId(row.org_id),
            person: PersonId(row.person_id),
        },
        email: row.email,
        name: row.name,
        org_name: row.org_name,
        role: role_of(&row.role)?,
        last_seen_at: row.last_seen_at.to_jiff(),
        expires_at: row.expires_at.to_jiff(),
    }))
}

/// Moves the idle limit, never back.
pub async fn touch_session(
    db: &mut PgConnection,
    hash: OpaqueHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "with touched as (
             update sessions set last_seen_at = greatest(last_seen_at, $2) where token_hash = $1
             returning org_id, person_id
         )
         update memberships m set last_seen_at = greatest(m.last_seen_at, $2)
         from touched t where m.org_id = t.org_id and m.person_id = t.person_id",
        hash.as_bytes(),
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends a session. Answers whose it was.
pub async fn delete_session(
    db: &mut PgConnection,
    hash: OpaqueHash,
) -> Result<Option<Member>, StoreError> {
    let row = sqlx::query!(
        "delete from sessions where token_hash = $1 returning org_id, person_id",
        hash.as_bytes()
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Member {
        org: OrgId(row.org_id),
        person: PersonId(row.person_id),
    }))
}
