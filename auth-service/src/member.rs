//! The members of an organization: who belongs to it, with which role. Owners and admins manage; only
//! an owner makes or unmakes an owner, and there is always one.

use chassis::Clock;
use jiff::{SignedDuration, Timestamp};
use proto::{OrgId, PersonId};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    audit::{Actor, Subject},
    authority::{self, Acting, Denied},
    identity::{IdentityError, Role, normalized},
    mail::{PUBLIC_URL, letter},
    store::{
        Store, StoreError, audit, member,
        outbox::{self, ToMembers},
    },
};

/// Longest name of a person or an organization, in characters.
const NAME_LIMIT: usize = 200;
/// Longest subject and text of a mail to members.
const SUBJECT_LIMIT: usize = 200;
const TEXT_LIMIT: usize = 20_000;
/// After this time nobody needs to read a mail to members any more.
const WANTED_FOR: SignedDuration = SignedDuration::from_hours(48);

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub person: PersonId,
    /// Their address.
    pub email: String,
    /// Their name; may be empty.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub joined_at: Timestamp,
    /// When they last used the product, to a minute.
    pub last_seen_at: Option<Timestamp>,
}

impl Membership {
    /// The name, or the address of who has none.
    pub fn shown_name(&self) -> &str {
        if self.name.is_empty() {
            &self.email
        } else {
            &self.name
        }
    }
}

/// Somebody to add.
#[derive(Debug)]
pub struct New {
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// Their role.
    pub role: Role,
}

/// A mail to members.
#[derive(Debug)]
pub struct Circular {
    /// Members with one of these.
    pub roles: Vec<Role>,
    /// In one line.
    pub subject: String,
    /// The text.
    pub text: String,
    /// Names it: sent once.
    pub key: String,
}

/// Members cannot be changed or written to.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// A part of the request is not fit.
    #[error("{0}")]
    Invalid(&'static str),
    /// The actor may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// No such member, or no such organization.
    #[error("the organization has no such member")]
    NotFound,
    /// It would leave no owner.
    #[error("an organization keeps at least one owner")]
    LastOwner,
    /// This deployment has no mail server.
    #[error("this deployment has no mail server; set AUTH_SMTP_URL")]
    NoMail,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdentityError> for MemberError {
    fn from(_: IdentityError) -> Self {
        Self::Invalid("the e-mail address is not `name@host`")
    }
}

/// Manages members.
#[derive(Debug, Clone)]
pub struct Members {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// There is a mail server.
    pub mails: bool,
}

impl Members {
    /// All of an organization, by address.
    pub async fn list(&self, org: OrgId) -> Result<Vec<Membership>, MemberError> {
        let mut tx = self.store.tenant(org).await?;
        Ok(member::list(&mut tx, org).await?)
    }

    /// Adds somebody, and tells them by mail. Changes nothing when they are a member already.
    pub async fn add(&self, org: OrgId, actor: Uuid, new: New) -> Result<Membership, MemberError> {
        let email = normalized(&new.email)?;
        let name = fit_name(&new.name)?;
        let now = self.clock.now();
        let mut tx = self.store.tenant(org).await?;
        let acting = may_manage(&mut tx, org, actor, &[new.role]).await?;
        let person = member::ensure_person(&mut tx, &email, &name, now).await?;
        if member::insert(&mut tx, (org, person), new.role, now).await? {
            if self.mails {
                let mail = welcome(&mut tx, (org, person), &acting).await?;
                outbox::to_address(&mut tx, &email, &mail, WANTED_FOR, now).await?;
            }
            let detail = json!({ "email": email, "role": new.role.name() });
            let entry = entry(org, &acting, ("member.added", person), detail);
            audit::write(&mut tx, entry, now).await?;
        }
        let found = member::find(&mut tx, org, person).await?;
        tx.commit().await.map_err(StoreError::from)?;
        found.ok_or(MemberError::NotFound)
    }

    /// Gives a member another role; their sessions end.
    pub async fn change_role(
        &self,
        org: OrgId,
        actor: Uuid,
        (person, role): (PersonId, Role),
    ) -> Result<Membership, MemberError> {
        let now = self.clock.now();
        let mut tx = self.store.tenant(org).await?;
        member::lock_all(&mut tx, org).await?;
        let acting = may_manage(&mut tx, org, actor, &[role]).await?;
        let found = member::find(&mut tx, org, person).await?;
        let mut found = found.ok_or(MemberError::NotFound)?;
        may_manage(&mut tx, org, actor, &[found.role]).await?;
        if found.role == role {
            return Ok(found);
        }
        keep_an_owner(&mut tx, org, found.role).await?;
        member::set_role(&mut tx, (org, person), role).await?;
        let detail = json!({ "from": found.role.name(), "to": role.name() });
        let entry = entry(org, &acting, ("member.role_changed", person), detail);
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        found.role = role;
        Ok(found)
    }

    /// Ends a membership, with its sessions, links, API keys and open invitations.
    pub async fn remove(
        &self,
        org: OrgId,
        actor: Uuid,
        person: PersonId,
    ) -> Result<(), MemberError> {
        let now = self.clock.now();
        let mut tx = self.store.tenant(org).await?;
        member::lock_all(&mut tx, org).await?;
        let acting = may_manage(&mut tx, org, actor, &[]).await?;
        let found = member::find(&mut tx, org, person).await?;
        let found = found.ok_or(MemberError::NotFound)?;
        may_manage(&mut tx, org, actor, &[found.role]).await?;
        keep_an_owner(&mut tx, org, found.role).await?;
        member::delete(&mut tx, (org, person), now).await?;
        let detail = json!({ "email": found.email, "role": found.role.name() });
        let entry = entry(org, &acting, ("member.removed", person), detail);
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }

    /// Gives the organization another name.
    pub async fn rename_organization(
        &self,
        org: OrgId,
        actor: Uuid,
        name: &str,
    ) -> Result<String, MemberError> {
        let name = fit_name(name)?;
        if name.is_empty() {
            return Err(MemberError::Invalid("the organization's name is empty"));
        }
        let mut tx = self.store.tenant(org).await?;
        let acting = may_manage(&mut tx, org, actor, &[]).await?;
        let before = member::organization_name(&mut tx, org).await?;
        member::rename_organization(&mut tx, org, &name).await?;
        let entry = audit::Entry {
            org,
            actor: acting.actor,
            action: "organization.renamed",
            subject: Subject::Organization(org),
            detail: json!({ "from": before, "to": name }),
        };
        audit::write(&mut tx, entry, self.clock.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(name)
    }

    /// Puts a mail to members into the outbox. Answers to how many; none when this key was used before.
    pub async fn mail(&self, org: OrgId, circular: Circular) -> Result<u64, MemberError> {
        if !self.mails {
            return Err(MemberError::NoMail);
        }
        let (subject, text, key) = (circular.subject, circular.text, circular.key);
        let fits =
            !subject.is_empty() && subject.len() <= SUBJECT_LIMIT && text.len() <= TEXT_LIMIT;
        if !fits || key.is_empty() || key.len() > SUBJECT_LIMIT || circular.roles.is_empty() {
            let words = "roles, subject, text and key must be set and not too long";
            return Err(MemberError::Invalid(words));
        }
        let mail = ToMembers {
            org,
            roles: &circular.roles,
            key: format!("members:{key}"),
            subject: letter::one_line(&subject),
            body: text,
        };
        let now = self.clock.now();
        let mut tx = self.store.tenant(org).await?;
        let recipients = outbox::to_members(&mut tx, &mail, WANTED_FOR, now).await?;
        if recipients > 0 {
            let entry = audit::Entry {
                org,
                actor: Actor::Service("dashboard-api"),
                action: "members.mailed",
                subject: Subject::Organization(org),
                detail: json!({ "key": key, "recipients": recipients }),
            };
            audit::write(&mut tx, entry, now).await?;
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(recipients)
    }
}

/// Whoever manages members; touching an owner needs an owner.
async fn may_manage(
    db: &mut PgConnection,
    org: OrgId,
    actor: Uuid,
    touched: &[Role],
) -> Result<Acting, Denied> {
    let least = if touched.contains(&Role::Owner) {
        Role::Owner
    } else {
        Role::Admin
    };
    authority::require(db, org, actor, least).await
}

async fn keep_an_owner(
    db: &mut PgConnection,
    org: OrgId,
    leaving: Role,
) -> Result<(), MemberError> {
    if leaving == Role::Owner && member::count_owners(db, org).await? < 2 {
        return Err(MemberError::LastOwner);
    }
    Ok(())
}

async fn welcome(
    db: &mut PgConnection,
    (org, person): (OrgId, PersonId),
    acting: &Acting,
) -> Result<ToMembers<'static>, MemberError> {
    let org_name = member::organization_name(db, org).await?;
    let org_name = org_name.ok_or(MemberError::NotFound)?;
    let inviter = &acting.person_name;
    Ok(ToMembers {
        org,
        roles: &[],
        key: format!("welcome:{person}:{}", Uuid::now_v7()),
        subject: letter::one_line(&format!("{org_name} on Quolum")),
        body: format!(
            "{inviter} has made you a member of {org_name} on Quolum.\n\nSign in with this address:\n{PUBLIC_URL}/sign-in\n"
        ),
    })
}

fn fit_name(name: &str) -> Result<String, MemberError> {
    let name = name.trim();
    if name.chars().count() > NAME_LIMIT || name.chars().any(char::is_control) {
        let words = "a name is longer than 200 characters or holds control characters";
        return Err(MemberError::Invalid(words));
    }
    Ok(name.to_owned())
}

fn entry(
    org: OrgId,
    acting: &Acting,
    (action, person): (&'static str, PersonId),
    detail: serde_json::Value,
) -> audit::Entry {
    audit::Entry {
        org,
        actor: acting.actor,
        action,
        subject: Subject::Person(person),
        detail,
    }
}
