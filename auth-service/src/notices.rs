//! Mail to those who must act: the access to PagerDuty has ended, will end, or stands on one person who
//! has left. Put into the outbox in the transaction of what it tells, once for each occasion.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sqlx::PgConnection;

use crate::{
    connection::Connection,
    identity::Role,
    mail::PUBLIC_URL,
    store::{
        StoreError,
        outbox::{self, ToMembers},
    },
};

/// Who is told.
const TOLD: [Role; 2] = [Role::Owner, Role::Admin];
/// After this time nobody needs to be told any more.
const WANTED_FOR: SignedDuration = SignedDuration::from_hours(48);

/// What has happened to a connection.
#[derive(Debug, Clone, Copy)]
pub enum Notice<'a> {
    /// It asks for Reconnect.
    Ended {
        /// Why, in public words.
        reason: &'a str,
    },
    /// It will end unless somebody acts.
    Ending {
        /// The kind of the warning, for example `rolling_window`.
        kind: &'a str,
        /// 30, 7 or 1 days ahead; each is told once.
        days: u32,
        /// When it ends.
        ends_at: Timestamp,
        /// Why, in public words with the next step.
        detail: &'a str,
    },
    /// It may end at any time, for example because the consenting admin has gone.
    AtRisk {
        /// The kind of the warning, for example `consenter_gone`.
        kind: &'a str,
        /// Why, in public words with the next step.
        detail: &'a str,
    },
}

impl Notice<'_> {
    /// Names the occasion: the same consent cannot end twice, and an end is announced once per step.
    fn key(&self, connection: &Connection) -> String {
        let id = connection.id;
        let since = connection.consented_at.as_microsecond();
        match self {
            Self::Ended { .. } => format!("access-ended:{id}:{since}"),
            Self::Ending {
                kind,
                days,
                ends_at,
                ..
            } => format!("access-ending:{id}:{kind}:{}:{days}", day(*ends_at)),
            Self::AtRisk { kind, .. } => format!("access-at-risk:{id}:{kind}:{since}"),
        }
    }

    fn words(&self, account: &str) -> (String, String) {
        let page = format!("{PUBLIC_URL}/connections");
        match self {
            Self::Ended { reason } => (
                format!("PagerDuty access for {account} has ended"),
                format!(
                    "Quolum can no longer read the PagerDuty account {account}: {reason}.\n\nThe numbers \
                     stay as they were and are marked as stale. Press Reconnect to go on:\n{page}\n"
                ),
            ),
            Self::Ending {
                days,
                ends_at,
                detail,
                ..
            } => {
                let left = match days {
                    1 => "1 day".to_owned(),
                    days => format!("{days} days"),
                };
                (
                    format!("PagerDuty access for {account} ends in {left}"),
                    format!(
                        "Quolum's access to the PagerDuty account {account} ends on {}.\n\n{detail}\n\n\
                         Press Reconnect to renew it:\n{page}\n",
                        day(*ends_at)
                    ),
                )
            }
            Self::AtRisk { detail, .. } => (
                format!("PagerDuty access for {account} is at risk"),
                format!(
                    "Quolum's access to the PagerDuty account {account} may end at any time.\n\n{detail}\n\n\
                     Press Reconnect to renew it:\n{page}\n"
                ),
            ),
        }
    }
}

fn day(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).date().to_string()
}

/// Tells owners and admins, in the caller's transaction. True the first time for this occasion.
/// Nothing is mailed by deployments without a mail server.
pub async fn raise(
    db: &mut PgConnection,
    connection: &Connection,
    notice: Notice<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (subject, body) = notice.words(&connection.account.subdomain);
    let mail = ToMembers {
        org: connection.org,
        roles: &TOLD,
        key: notice.key(connection),
        subject,
        body,
    };
    Ok(outbox::to_members(db, &mail, WANTED_FOR, now).await? > 0)
}
