//! Rows of mail waiting for the mail server.

use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use proto::{InvitationId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::{
    identity::Role,
    mail::{Content, Waiting},
    store::identity::role_text,
};

/// A text for several members.
#[derive(Debug)]
pub struct ToMembers<'a> {
    /// The organization.
    pub org: OrgId,
    /// Members with one of these roles.
    pub roles: &'a [Role],
    /// Names the mail.
    pub key: String,
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub body: String,
}

/// Puts a text for several members into the outbox, once per key and address. Answers for how many.
pub async fn to_members(
    db: &mut PgConnection,
    mail: &ToMembers<'_>,
    wanted_for: SignedDuration,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let roles: Vec<_> = mail
        .roles
        .iter()
        .map(|role| role_text(*role).to_owned())
        .collect();
    let done = sqlx::query!(
        "insert into outbox (org_id, id, key, recipient, kind, subject, body, created_at, not_before, give_up_at)
         select m.org_id, gen_random_uuid(), $3, p.email, 'text', $4, $5, $6, $6, $7
         from memberships m join people p on p.id = m.person_id
         where m.org_id = $1 and m.role = any($2)
         on conflict (org_id, key, recipient) do nothing",
        mail.org.0,
        &roles,
        mail.key,
        mail.subject,
        mail.body,
        now.to_sqlx() as _,
        (now + wanted_for).to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

/// Puts a text for one address into the outbox, once per key.
pub async fn to_address(
    db: &mut PgConnection,
    recipient: &str,
    mail: &ToMembers<'_>,
    wanted_for: SignedDuration,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into outbox (org_id, id, key, recipient, kind, subject, body, created_at, not_before, give_up_at)
         values ($1, $2, $3, $4, 'text', $5, $6, $7, $7, $8)
         on conflict (org_id, key, recipient) do nothing",
        mail.org.0,
        Uuid::now_v7(),
        mail.key,
        recipient,
        mail.subject,
        mail.body,
        now.to_sqlx() as _,
        (now + wanted_for).to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts a sign-in link for an address into the outbox, into the organization they joined first. Takes
/// as long when nobody has the address.
pub async fn sign_in_link(
    db: &mut PgConnection,
    email: &str,
    wanted_for: SignedDuration,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = Uuid::now_v7();
    sqlx::query!(
        "insert into outbox (org_id, id, key, recipient, kind, person_id, created_at, not_before, give_up_at)
         select m.org_id, $2, $5, p.email, 'sign_in_link', p.id, $3, $3, $4
         from memberships m join people p on p.id = m.person_id
         where p.email = $1 order by m.created_at, m.org_id limit 1",
        email,
        id,
        now.to_sqlx() as _,
        (now + wanted_for).to_sqlx() as _,
        format!("sign-in:{id}")
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Puts an invitation's link into the outbox.
pub async fn invitation(
    db: &mut PgConnection,
    (org, id): (OrgId, InvitationId),
    recipient: &str,
    give_up_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mail = Uuid::now_v7();
    sqlx::query!(
        "insert into outbox (org_id, id, key, recipient, kind, invitation_id, created_at, not_before, give_up_at)
         values ($1, $2, $7, $3, 'invitation', $4, $5, $5, $6)",
        org.0,
        mail,
        recipient,
        id.0,
        now.to_sqlx() as _,
        give_up_at.to_sqlx() as _,
        format!("invitation:{mail}")
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Takes one mail that is due, for one try: it comes back after `again_in` unless it is settled. Two
/// replicas never take the same.
pub async fn take(
    db: &mut PgConnection,
    again_in: SignedDuration,
    now: Timestamp,
) -> Result<Option<Waiting>, StoreError> {
    let row = sqlx::query!(
        "select org_id, id, recipient, kind, subject, body, person_id, invitation_id, attempts
         from outbox
         where sent_at is null and given_up_at is null and not_before <= $1 and give_up_at > $1
         order by not_before, created_at, id limit 1 for update skip locked",
        now.to_sqlx() as _
    )
    .fetch_optional(&mut *db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    sqlx::query!(
        "update outbox set attempts = attempts + 1, not_before = $3, failure = '' where org_id = $1 and id = $2",
        row.org_id,
        row.id,
        (now + again_in).to_sqlx() as _
    )
    .execute(db)
    .await?;
    let content = match (row.kind.as_str(), row.person_id, row.invitation_id) {
        ("text", _, _) => Content::Text {
            subject: row.subject,
            body: row.body,
        },
        ("sign_in_link", Some(person), _) => Content::SignInLink(PersonId(person)),
        ("invitation", _, Some(invitation)) => Content::Invitation(InvitationId(invitation)),
        _ => return Err(StoreError::Inconsistent("outbox")),
    };
    Ok(Some(Waiting {
        org: OrgId(row.org_id),
        id: row.id,
        recipient: row.recipient,
        content,
        attempts: row.attempts + 1,
    }))
}

/// The mail server took it. Its text is not kept.
pub async fn set_sent(
    db: &mut PgConnection,
    org: OrgId,
    id: Uuid,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update outbox set sent_at = $3, subject = '', body = '', failure = '' where org_id = $1 and id = $2",
        org.0,
        id,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A try failed; the next one comes no earlier than `not_before`.
pub async fn set_failed(
    db: &mut PgConnection,
    (org, id): (OrgId, Uuid),
    failure: &str,
    not_before: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update outbox set failure = $3, not_before = $4 where org_id = $1 and id = $2",
        org.0,
        id,
        failure,
        not_before.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}

/// There is no other try. Its text is not kept.
pub async fn give_up(
    db: &mut PgConnection,
    (org, id): (OrgId, Uuid),
    failure: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update outbox set failure = $3, given_up_at = $4, subject = '', body = '' where org_id = $1 and id = $2",
        org.0,
        id,
        failure,
        now.to_sqlx() as _
    )
    .execute(db)
    .await?;
    Ok(())
}
