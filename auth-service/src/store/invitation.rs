//! Rows of invitations and of their links.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::{InvitationId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::{
    invitation::{Invitation, Landing},
    opaque::OpaqueHash,
};

struct Row {
    org_id: Uuid,
    id: Uuid,
    email: String,
    note: String,
    days: i16,
    invited_by: Uuid,
    invited_by_name: String,
    created_at: jiff_sqlx::Timestamp,
    expires_at: jiff_sqlx::Timestamp,
    accepted_at: Option<jiff_sqlx::Timestamp>,
    revoked_at: Option<jiff_sqlx::Timestamp>,
    mailed_at: Option<jiff_sqlx::Timestamp>,
    outcome: String,
}

impl From<Row> for Invitation {
    fn from(row: Row) -> Self {
        Self {
            org: OrgId(row.org_id),
            id: InvitationId(row.id),
            email: row.email,
            note: row.note,
            days: row.days,
            invited_by: PersonId(row.invited_by),
            invited_by_name: row.invited_by_name,
            created_at: row.created_at.to_jiff(),
            expires_at: row.expires_at.to_jiff(),
            accepted_at: row.accepted_at.map(jiff_sqlx::Timestamp::to_jiff),
            revoked_at: row.revoked_at.map(jiff_sqlx::Timestamp::to_jiff),
            mailed: row.mailed_at.is_some(),
            outcome: row.outcome,
        }
    }
}

/// Keeps a new invitation.
pub async fn insert(db: &mut PgConnection, new: &Invitation) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into invitations (org_id, id, email, note, days, invited_by, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        new.org.0,
        new.id.0,
        new.email,
        new.note,
        new.days,
        new.invited_by.0,
        new.created_at.to_sqlx() as _,
        new.expires_at.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// All of an organization, newest first.
pub async fn list(db: &mut PgConnection, org: OrgId) -> Result<Vec<Invitation>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "select i.org_id, i.id, i.email, i.note, i.days, i.invited_by,
                coalesce(nullif(p.name, ''), p.email) as \"invited_by_name!\", i.created_at, i.expires_at,
                i.accepted_at, i.revoked_at, i.mailed_at, i.outcome
         from invitations i join people p on p.id = i.invited_by
         where i.org_id = $1 order by i.created_at desc, i.id desc",
        org.0
    )
    .fetch_all(db)
    .await?;
    Ok(rows.into_iter().map(Invitation::from).collect())
}

/// One, locked until the transaction ends.
pub async fn lock(
    db: &mut PgConnection,
    org: OrgId,
    id: InvitationId,
) -> Result<Option<Invitation>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "select i.org_id, i.id, i.email, i.note, i.days, i.invited_by,
                coalesce(nullif(p.name, ''), p.email) as \"invited_by_name!\", i.created_at, i.expires_at,
                i.accepted_at, i.revoked_at, i.mailed_at, i.outcome
         from invitations i join people p on p.id = i.invited_by
         where i.org_id = $1 and i.id = $2 for update of i",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(Invitation::from))
}

/// How many can still be used.
pub async fn count_open(
    db: &mut PgConnection,
    org: OrgId,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        "select count(*) as \"count!\" from invitations
         where org_id = $1 and accepted_at is null and revoked_at is null and expires_at > $2",
        org.0,
        now.to_sqlx() as _
    )
    .fetch_one(db)
    .await?;
    Ok(count)
}

/// Keeps the hash of one more link.
pub async fn insert_token(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    hash: OpaqueHash,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into invitation_tokens (token_hash, org_id, invitation_id, created_at) values ($1, $2, $3, $4)",
        hash.as_bytes(),
        org.0,
        id.0,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends all links of an invitation.
pub async fn delete_tokens(
    db: &mut PgConnection,
    org: OrgId,
    id: InvitationId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from invitation_tokens where org_id = $1 and invitation_id = $2",
        org.0,
        id.0
    )
    .execute(db)
    .await?;
    Ok(())
}

/// What a link's landing page shows; `None` unless the invitation can be used now. An invitation ends
/// with the membership of whoever made it.
pub async fn find_live(
    db: &mut PgConnection,
    hash: OpaqueHash,
    now: Timestamp,
) -> Result<Option<Landing>, StoreError> {
    let row = sqlx::query!(
        "select i.org_id, i.id, i.note, i.expires_at, o.name as org_name,
                coalesce(nullif(p.name, ''), p.email) as \"invited_by_name!\"
         from invitation_tokens t
         join invitations i on i.org_id = t.org_id and i.id = t.invitation_id
         join organizations o on o.id = i.org_id
         join memberships m on m.org_id = i.org_id and m.person_id = i.invited_by
         join people p on p.id = i.invited_by
         where t.token_hash = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > $2
         for update of i",
        hash.as_bytes(),
        now.to_sqlx() as _
    )
    .fetch_optional(db)
    .await?;
    Ok(row.map(|row| Landing {
        org: OrgId(row.org_id),
        id: InvitationId(row.id),
        org_name: row.org_name,
        invited_by_name: row.invited_by_name,
        note: row.note,
        expires_at: row.expires_at.to_jiff(),
    }))
}

/// Uses an invitation up.
pub async fn accept(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    consent: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update invitations set accepted_at = $4, consent_id = $3, outcome = '' where org_id = $1 and id = $2",
        org.0,
        id.0,
        consent,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Makes an invitation usable again, until a new end.
pub async fn reopen(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update invitations set accepted_at = null, consent_id = null, outcome = '', mailed_at = null,
             expires_at = $3
         where org_id = $1 and id = $2",
        org.0,
        id.0,
        expires_at.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Ends an invitation.
pub async fn revoke(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update invitations set revoked_at = coalesce(revoked_at, $3) where org_id = $1 and id = $2",
        org.0,
        id.0,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes back the consent begun with an invitation, if nobody has come back from it yet.
pub async fn cancel_consent(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update consents set verifier = null, used_at = $3, outcome = 'withdrawn'
         where org_id = $1 and invitation_id = $2 and used_at is null",
        org.0,
        id.0,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Whether the browser has come back from a consent of this invitation that has not ended yet.
pub async fn is_ending(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    now: Timestamp,
) -> Result<bool, StoreError> {
    let ending = sqlx::query_scalar!(
        "select exists (select 1 from consents where org_id = $1 and invitation_id = $2
             and used_at is not null and outcome is null and expires_at > $3) as \"ending!\"",
        org.0,
        id.0,
        now.to_sqlx() as _
    )
    .fetch_one(db)
    .await?;
    Ok(ending)
}

/// Locks an invitation; false when it was revoked.
pub async fn lock_unrevoked(
    db: &mut PgConnection,
    org: OrgId,
    id: InvitationId,
) -> Result<bool, StoreError> {
    let revoked = sqlx::query_scalar!(
        "select revoked_at is not null as \"revoked!\" from invitations
         where org_id = $1 and id = $2 for update",
        org.0,
        id.0
    )
    .fetch_optional(db)
    .await?;
    Ok(revoked == Some(false))
}

/// The mail server took the mail.
pub async fn set_mailed(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update invitations set mailed_at = $3 where org_id = $1 and id = $2",
        org.0,
        id.0,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}
