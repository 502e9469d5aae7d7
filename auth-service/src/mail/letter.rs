//! The words of our letters, and the links in them. A link is written down, as its hash, in the
//! transaction that takes the mail for a try.

use jiff::{Timestamp, tz::TimeZone};
use proto::{InvitationId, OrgId, PersonId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::PgConnection;

use super::{Content, Letter, PUBLIC_URL, Waiting};
use crate::{
    audit::{Actor, Subject},
    identity::Member,
    invitation::State,
    opaque,
    store::{StoreError, audit, identity, invitation, member},
};

/// This service in the audit log.
const ACTOR: Actor = Actor::Service("auth-service");

/// The letter of a mail; `None` when what it speaks of has ended.
pub async fn write(
    db: &mut PgConnection,
    public_url: &str,
    waiting: &Waiting,
    now: Timestamp,
) -> Result<Option<Letter>, StoreError> {
    match &waiting.content {
        Content::Text { subject, body } => Ok(Some(Letter {
            subject: subject.clone(),
            body: body.replace(PUBLIC_URL, public_url).into(),
        })),
        Content::SignInLink(person) => sign_in(db, public_url, (waiting.org, *person), now).await,
        Content::Invitation(id) => invite(db, public_url, (waiting.org, *id), now).await,
    }
}

async fn sign_in(
    db: &mut PgConnection,
    public_url: &str,
    (org, person): (OrgId, PersonId),
    now: Timestamp,
) -> Result<Option<Letter>, StoreError> {
    let member = Member { org, person };
    if identity::role(db, member).await?.is_none() {
        return Ok(None);
    }
    let token = opaque::generate();
    identity::insert_link(db, opaque::hash(&token), member, now).await?;
    let entry = audit::Entry {
        org,
        actor: ACTOR,
        action: "sign_in_link.sent",
        subject: Subject::Person(person),
        detail: json!({}),
    };
    audit::write(db, entry, now).await?;
    let body = format!(
        "Sign in to Quolum with this link. It works once, for 15 minutes:\n\n{}\n\nIf you did not ask for it, \
         you need not do anything.\n",
        link(public_url, "sign-in", &token)
    );
    Ok(Some(Letter {
        subject: "Your sign-in link for Quolum".to_owned(),
        body: body.into(),
    }))
}

async fn invite(
    db: &mut PgConnection,
    public_url: &str,
    (org, id): (OrgId, InvitationId),
    now: Timestamp,
) -> Result<Option<Letter>, StoreError> {
    let found = invitation::lock(db, org, id).await?;
    let Some(found) = found.filter(|found| found.state(now) == State::Open) else {
        return Ok(None);
    };
    let Some(org_name) = member::organization_name(db, org).await? else {
        return Ok(None);
    };
    let token = opaque::generate();
    invitation::insert_token(db, (org, id), opaque::hash(&token), now).await?;
    let note = match found.note.as_str() {
        "" => String::new(),
        note => format!("They write:\n\n{note}\n\n"),
    };
    let until = found.expires_at.to_zoned(TimeZone::UTC);
    let body = format!(
        "{inviter} of {org_name} asks you to connect your PagerDuty account to Quolum, so that {org_name} sees \
         which of its PagerDuty seats and features are used.\n\n{note}You sign in at PagerDuty itself and see \
         there what will be read; no password is shared with anybody. The link works once, until {until}:\n\n\
         {link}\n",
        inviter = found.invited_by_name,
        until = until.strftime("%Y-%m-%d %H:%M UTC"),
        link = link(public_url, "invite", &token)
    );
    Ok(Some(Letter {
        subject: one_line(&format!("{org_name} asks you to connect PagerDuty")),
        body: body.into(),
    }))
}

/// The address with a token, as the page of that name takes it.
pub fn link(public_url: &str, page: &str, token: &SecretString) -> String {
    format!("{public_url}/{page}?token={}", token.expose_secret())
}

/// A subject has one line whatever a name holds.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
