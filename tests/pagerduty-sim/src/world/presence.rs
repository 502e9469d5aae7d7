//! What somebody holds without doing anything: subscriptions and sign-in delegations.

use super::ident::uuid;
use super::people::Persona;
use super::{DAY, World};

/// How long a web session's delegation lives.
const WEB_LIFE: i64 = 7 * DAY;
/// How long a mobile delegation lives, and how often it is renewed.
const MOBILE_LIFE: i64 = 90 * DAY;

/// An OAuth delegation of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Id.
    pub id: String,
    /// `web`, `mobile` or `integration`.
    pub kind: &'static str,
    /// The client.
    pub client_id: &'static str,
    /// Creation, seconds since 1970.
    pub created_at: i64,
    /// End, seconds since 1970.
    pub expires_at: i64,
    /// Whether it was ended before its time.
    pub is_revoked: bool,
}

impl World {
    /// The business services somebody follows.
    #[must_use]
    pub fn subscriptions(&self, user: usize) -> Vec<usize> {
        let count = match self.users[user].persona {
            Persona::Communicator | Persona::Herald => 3,
            Persona::Onlooker => 1 + user % 2,
            Persona::Admin => 1,
            Persona::Viewer if user.is_multiple_of(3) => 1,
            _ => 0,
        };
        let all = self.estate.business_services.len();
        (0..count).map(|k| (user + k) % all).collect()
    }

    /// The business services a team follows.
    #[must_use]
    pub fn team_subscriptions(&self, team: usize) -> Vec<usize> {
        let all = self.estate.business_services.len();
        (0..usize::from(team.is_multiple_of(3)))
            .map(|_| team % all)
            .collect()
    }

    /// Somebody's delegations at an instant, newest first.
    #[must_use]
    pub fn delegations(&self, n: usize, instant: i64) -> Vec<Delegation> {
        let user = &self.users[n];
        let mut all = Vec::new();
        let mut at = instant + 1;
        for k in 0..2 {
            let Some(created_at) = user
                .sign_ins
                .last_before(at)
                .filter(|at| *at >= user.created_at)
            else {
                break;
            };
            all.push(Delegation {
                id: uuid(
                    self.key(),
                    40,
                    (n as u64) << 32 | created_at as u64 & 0xffff_ffff,
                ),
                kind: "web",
                client_id: "PagerDutyLogin",
                created_at,
                expires_at: created_at + WEB_LIFE,
                is_revoked: k > 0 && created_at + WEB_LIFE > instant,
            });
            at = created_at;
        }
        if let Some(created_at) = self.mobile_since(n, instant) {
            all.push(Delegation {
                id: uuid(
                    self.key(),
                    41,
                    (n as u64) << 32 | created_at as u64 & 0xffff_ffff,
                ),
                kind: "mobile",
                client_id: "PagerDutyLogin",
                created_at,
                expires_at: created_at + MOBILE_LIFE,
                is_revoked: false,
            });
        }
        if user.persona == Persona::Responder && n.is_multiple_of(4) {
            all.push(Delegation {
                id: uuid(self.key(), 42, n as u64),
                kind: "integration",
                client_id: "PagerDutySlack",
                created_at: user.created_at + 5 * DAY,
                expires_at: self.frame.anchor + 365 * DAY,
                is_revoked: false,
            });
        }
        all.retain(|delegation| delegation.created_at <= instant);
        all.sort_by_key(|delegation| std::cmp::Reverse(delegation.created_at));
        all
    }

    /// When the app of somebody who has it was signed in last.
    fn mobile_since(&self, n: usize, instant: i64) -> Option<i64> {
        let user = &self.users[n];
        if !user.has_mobile_app {
            return None;
        }
        let first = user.created_at + 3_600;
        let renewals = (instant - first).div_euclid(MOBILE_LIFE);
        (renewals >= 0).then(|| first + renewals * MOBILE_LIFE)
    }
}
