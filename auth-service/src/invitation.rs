//! Invitations: somebody outside, usually the PagerDuty admin, is asked to make one connection. A link
//! shows what it is about as often as one likes and is used up by beginning the one consent, which
//! belongs to the browser that began it and to exactly this organization.

use jiff::{SignedDuration, Timestamp};
use proto::{InvitationId, OrgId};
use secrecy::SecretString;
use serde_json::json;
use uuid::Uuid;

use crate::{
    audit::Subject,
    authority::{self, Acting, Denied},
    consent::{Begun, ConsentError, Consents, Initiator},
    identity::{IdentityError, Role, normalized},
    mail::letter,
    opaque::{self, OpaqueHash},
    return_to::ReturnTo,
    store::{
        Store, StoreError, audit, consent, invitation, outbox,
        throttle::{self, Limit},
    },
};

pub use model::{Invitation, Landing, State};

mod model;

/// Lives that can be chosen, in days.
const LIVES: [u32; 3] = [1, 3, 7];
/// Longest note, in characters.
const NOTE_LIMIT: usize = 1_000;
/// Invitations of an organization that can be used at the same time.
const OPEN_LIMIT: i64 = 20;
/// Links made by an organization, and for one address, in a day.
const PER_ORGANIZATION: Limit = Limit {
    times: 50,
    within: SignedDuration::from_hours(24),
};
const PER_ADDRESS: Limit = Limit {
    times: 5,
    within: SignedDuration::from_hours(24),
};

/// What the inviting person writes.
#[derive(Debug)]
pub struct New {
    /// The organization.
    pub org: OrgId,
    /// Who asks: a person, or an API key.
    pub actor: Uuid,
    /// Who is asked.
    pub email: String,
    /// What they add.
    pub note: String,
    /// 1, 3 or 7.
    pub days: u32,
}

/// An invitation with its link, which is told once.
#[derive(Debug)]
pub struct WithLink {
    /// The invitation.
    pub invitation: Invitation,
    /// Holds the token.
    pub url: SecretString,
}

/// An invitation cannot be made, used or changed.
#[derive(Debug, thiserror::Error)]
pub enum InvitationError {
    /// A part of it is not fit.
    #[error("{0}")]
    Invalid(&'static str),
    /// No such invitation; of a link: expired, used, revoked or unknown.
    #[error("there is no such invitation")]
    NotFound,
    /// The person may not.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It has made its connection, was taken back, or is being used right now.
    #[error("{0}")]
    Settled(&'static str),
    /// Too many.
    #[error("{0}")]
    TooMany(&'static str),
    /// The consent cannot begin.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IdentityError> for InvitationError {
    fn from(_: IdentityError) -> Self {
        Self::Invalid("the e-mail address is not `name@host`")
    }
}

/// Makes and uses invitations.
#[derive(Debug, Clone)]
pub struct Invitations {
    /// Begins their consents.
    pub consents: Consents,
    /// There is a mail server.
    pub mails: bool,
    /// The product's public address, without a slash at its end.
    pub public_url: String,
}

impl Invitations {
    fn store(&self) -> &Store {
        &self.consents.store
    }

    fn now(&self) -> Timestamp {
        self.consents.clock.now()
    }

    /// Invites.
    pub async fn create(&self, new: New) -> Result<WithLink, InvitationError> {
        let now = self.now();
        let (email, note) = (normalized(&new.email)?, fit_note(&new.note)?);
        if !LIVES.contains(&new.days) {
            return Err(InvitationError::Invalid("days must be 1, 3 or 7"));
        }
        let mut tx = self.store().tenant(new.org).await?;
        let acting = authority::require(&mut tx, new.org, new.actor, Role::Viewer).await?;
        let invitation = Invitation {
            org: new.org,
            id: InvitationId(Uuid::now_v7()),
            email,
            note,
            days: i16::try_from(new.days).unwrap_or(1),
            invited_by: acting.person,
            invited_by_name: acting.person_name.clone(),
            created_at: now,
            expires_at: now + SignedDuration::from_hours(24 * i64::from(new.days)),
            accepted_at: None,
            revoked_at: None,
            mailed: false,
            outcome: String::new(),
        };
        limit(&mut tx, &invitation, now).await?;
        if invitation::count_open(&mut tx, new.org, now).await? >= OPEN_LIMIT {
            let words = "too many invitations are open; revoke one first";
            return Err(InvitationError::TooMany(words));
        }
        invitation::insert(&mut tx, &invitation).await?;
        let url = self.link(&mut tx, &invitation, now).await?;
        audit::write(
            &mut tx,
            entry(&acting, &invitation, "invitation.created"),
            now,
        )
        .await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(WithLink { invitation, url })
    }

    /// All of an organization, newest first.
    pub async fn list(&self, org: OrgId) -> Result<Vec<Invitation>, InvitationError> {
        let mut tx = self.store().tenant(org).await?;
        Ok(invitation::list(&mut tx, org).await?)
    }

    /// A new link and a new life for the same invitation; all older links end.
    pub async fn resend(
        &self,
        org: OrgId,
        actor: Uuid,
        id: InvitationId,
    ) -> Result<WithLink, InvitationError> {
        let now = self.now();
        let mut tx = self.store().tenant(org).await?;
        let (acting, mut found) = self.changeable(&mut tx, (org, id), actor).await?;
        match found.state(now) {
            State::Connected => return Err(InvitationError::Settled("it has made its connection")),
            State::Revoked => return Err(InvitationError::Settled("it was taken back")),
            State::Open | State::Accepted | State::Expired => {}
        }
        if invitation::is_ending(&mut tx, (org, id), now).await? {
            return Err(InvitationError::Settled("it is being used right now"));
        }
        limit(&mut tx, &found, now).await?;
        invitation::cancel_consent(&mut tx, (org, id), now).await?;
        invitation::delete_tokens(&mut tx, org, id).await?;
        found.expires_at = now + SignedDuration::from_hours(24 * i64::from(found.days));
        (found.accepted_at, found.mailed, found.outcome) = (None, false, String::new());
        invitation::reopen(&mut tx, (org, id), found.expires_at).await?;
        let url = self.link(&mut tx, &found, now).await?;
        audit::write(&mut tx, entry(&acting, &found, "invitation.resent"), now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(WithLink {
            invitation: found,
            url,
        })
    }

    /// Takes it back, with a consent that nobody has come back from yet. Idempotent.
    pub async fn revoke(
        &self,
        org: OrgId,
        actor: Uuid,
        id: InvitationId,
    ) -> Result<Invitation, InvitationError> {
        let now = self.now();
        let mut tx = self.store().tenant(org).await?;
        let (acting, mut found) = self.changeable(&mut tx, (org, id), actor).await?;
        match found.state(now) {
            State::Connected => return Err(InvitationError::Settled("it has made its connection")),
            State::Revoked => return Ok(found),
            State::Open | State::Accepted | State::Expired => {}
        }
        invitation::cancel_consent(&mut tx, (org, id), now).await?;
        invitation::delete_tokens(&mut tx, org, id).await?;
        invitation::revoke(&mut tx, (org, id), now).await?;
        found.revoked_at = Some(now);
        audit::write(&mut tx, entry(&acting, &found, "invitation.revoked"), now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(found)
    }

    /// What a link is about, and what will be asked of PagerDuty. Uses nothing up.
    pub async fn look_up(&self, token: &str) -> Result<(Landing, Vec<String>), InvitationError> {
        let mut tx = self.store().all_organizations().await?;
        let found = invitation::find_live(&mut tx, OpaqueHash::of(token), self.now()).await?;
        let asked = self.consents.provider.as_ref();
        let asked = asked.map(|provider| provider.endpoint.asked().to_vec());
        Ok((
            found.ok_or(InvitationError::NotFound)?,
            asked.unwrap_or_default(),
        ))
    }

    /// Uses a link up and begins its one consent.
    pub async fn accept(
        &self,
        token: &str,
        browser_binding: &SecretString,
    ) -> Result<Begun, InvitationError> {
        let now = self.now();
        let mut tx = self.store().all_organizations().await?;
        let found = invitation::find_live(&mut tx, OpaqueHash::of(token), now).await?;
        let found = found.ok_or(InvitationError::NotFound)?;
        let initiator = Initiator::Invitation(found.id);
        let mut opened = self.consents.open(found.org, initiator, browser_binding)?;
        opened.pending.return_to = ReturnTo::invitation_done();
        consent::insert(&mut tx, &opened.pending, opened.state, now).await?;
        invitation::accept(&mut tx, (found.org, found.id), opened.pending.id, now).await?;
        invitation::delete_tokens(&mut tx, found.org, found.id).await?;
        let entry = audit::Entry {
            org: found.org,
            actor: initiator.into(),
            action: "invitation.accepted",
            subject: Subject::Invitation(found.id),
            detail: json!({}),
        };
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(opened.begun())
    }

    /// An invitation, locked, that this actor may change: their own, or any for an admin.
    async fn changeable(
        &self,
        tx: &mut sqlx::PgConnection,
        (org, id): (OrgId, InvitationId),
        actor: Uuid,
    ) -> Result<(Acting, Invitation), InvitationError> {
        let acting = authority::require(tx, org, actor, Role::Viewer).await?;
        let found = invitation::lock(tx, org, id).await?;
        let found = found.ok_or(InvitationError::NotFound)?;
        if found.invited_by != acting.person && !acting.role.covers(Role::Admin) {
            return Err(Denied::Role.into());
        }
        Ok((acting, found))
    }

    /// A new link, which is also mailed when there is a mail server; the mail has one of its own.
    async fn link(
        &self,
        tx: &mut sqlx::PgConnection,
        invitation: &Invitation,
        now: Timestamp,
    ) -> Result<SecretString, StoreError> {
        let place = (invitation.org, invitation.id);
        let token = opaque::generate();
        invitation::insert_token(tx, place, opaque::hash(&token), now).await?;
        if self.mails {
            let until = invitation.expires_at;
            outbox::invitation(tx, place, &invitation.email, until, now).await?;
        }
        Ok(letter::link(&self.public_url, "invite", &token).into())
    }
}

fn fit_note(note: &str) -> Result<String, InvitationError> {
    let note = note.trim();
    let plain = |c: char| !c.is_control() || c == '\n';
    if note.chars().count() > NOTE_LIMIT || !note.chars().all(plain) {
        let words = "the note is longer than 1,000 characters or holds control characters";
        return Err(InvitationError::Invalid(words));
    }
    Ok(note.to_owned())
}

async fn limit(
    tx: &mut sqlx::PgConnection,
    invitation: &Invitation,
    now: Timestamp,
) -> Result<(), InvitationError> {
    let org = invitation.org;
    if !throttle::take(tx, &format!("invite:{org}"), PER_ORGANIZATION, now).await? {
        let words = "too many invitations today; try again tomorrow";
        return Err(InvitationError::TooMany(words));
    }
    let address = OpaqueHash::of(&format!("{org} {}", invitation.email));
    let bucket = format!("invite:{}", address.to_hex());
    if !throttle::take(tx, &bucket, PER_ADDRESS, now).await? {
        let words = "too many invitations for this address today; try again tomorrow";
        return Err(InvitationError::TooMany(words));
    }
    Ok(())
}

fn entry(acting: &Acting, invitation: &Invitation, action: &'static str) -> audit::Entry {
    audit::Entry {
        org: invitation.org,
        actor: acting.actor,
        action,
        subject: Subject::Invitation(invitation.id),
        detail: json!({ "email": invitation.email, "days": invitation.days }),
    }
}
