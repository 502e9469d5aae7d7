//! A grant: the token pair behind a connection, and the rule that says what may be done with it now.
//!
//! A refresh token is presented once across all replicas: whoever wants a new pair writes an intent
//! (fence, holder, start) first, everybody else waits for it. The rule is a pure function of the row
//! and the time.

use jiff::{SignedDuration, Timestamp};
use proto::{ConnectionId, OrgId};
use secrecy::SecretString;

use crate::{
    access::AccessKind,
    connection::{ConnectionState, Region},
    vault::{Field, Place, Vault, VaultError},
};

/// An intent older than this is of a holder that has died. Longer than the deadline of the exchange
/// (10 s) and of writing its result together: that waits 20 s in all, and each attempt in between up
/// to 5 s for a connection, which makes 90 s when the database is away.
pub const INTENT_LIFE: SignedDuration = SignedDuration::from_mins(3);
/// How often one refresh token may reach PagerDuty: once, and once more when the answer was lost.
pub const PRESENTATION_LIMIT: i16 = 2;
/// A new pair that is rejected this soon, after the pair before it was rejected, is the last one.
pub const REJECTION_SPAN: SignedDuration = SignedDuration::from_mins(10);

/// A grant with the state of its connection.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The organization.
    pub org: OrgId,
    /// The connection.
    pub connection: ConnectionId,
    /// The connection's state.
    pub state: ConnectionState,
    /// Why it does not work.
    pub reason: String,
    /// How access was given.
    pub kind: AccessKind,
    /// Where the token works.
    pub region: Region,
    /// The account's address; an app token is asked for with it.
    pub subdomain: String,
    /// PagerDuty's id of the user who consented; empty when nobody did.
    pub user_id: String,
    /// What was granted.
    pub scopes: Vec<String>,
    /// Sealed; `None` once destroyed.
    pub access_token: Option<Vec<u8>>,
    /// Counts pairs.
    pub token_version: i64,
    /// When the pair came.
    pub issued_at: Timestamp,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// The pair was asked for because the one before it was rejected.
    pub after_rejection: bool,
    /// When this pair was lent for the first time.
    pub first_lent_at: Option<Timestamp>,
    /// The refresh token before this pair is still kept.
    pub keeps_previous: bool,
    /// The refresh intent.
    pub intent: Intent,
}

/// What is known about refreshing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Intent {
    /// Moves with every claim; a writer whose fence is old writes nothing.
    pub fence: i64,
    /// Since when somebody is refreshing.
    pub held_since: Option<Timestamp>,
    /// How often the current refresh token may have reached PagerDuty.
    pub presentations: i16,
    /// Failures in a row.
    pub failures: i32,
    /// No try before this instant.
    pub not_before: Option<Timestamp>,
}

/// What somebody wants of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// An access token that lives at least this long.
    ValidFor(SignedDuration),
    /// A pair newer than this version, because PagerDuty has rejected it.
    NewerThan(i64),
    /// A pair with more than a fifth of its life left.
    Ahead,
}

/// What to do about a need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is met.
    Take,
    /// It never will be: the access has ended.
    Ended,
    /// Somebody is refreshing; look again.
    Wait,
    /// Not before this instant.
    Later(Timestamp),
    /// Claim and refresh.
    Refresh,
    /// The refresh token has been presented as often as it may be.
    GiveUp,
}

impl Grant {
    /// What to do about a need now.
    pub fn step(&self, need: Need, now: Timestamp) -> Step {
        if self.state != ConnectionState::Connected || self.access_token.is_none() {
            return Step::Ended;
        }
        if self.meets(need, now) {
            return Step::Take;
        }
        let held = self
            .intent
            .held_since
            .map(|since| now.duration_since(since));
        if held.is_some_and(|age| age < INTENT_LIFE) {
            return Step::Wait;
        }
        match self.intent.not_before {
            Some(at) if now < at => Step::Later(at),
            // An app asks for as many tokens as it likes.
            _ if self.kind == AccessKind::App => Step::Refresh,
            _ if self.kind == AccessKind::ApiKey => Step::GiveUp,
            _ if self.intent.presentations >= PRESENTATION_LIMIT => Step::GiveUp,
            _ => Step::Refresh,
        }
    }

    fn meets(&self, need: Need, now: Timestamp) -> bool {
        let life = self.expires_at.duration_since(self.issued_at);
        let left = self.expires_at.duration_since(now);
        match need {
            // Asking for more than half of a whole life would refresh at every call.
            Need::ValidFor(wanted) => left > SignedDuration::ZERO && left >= wanted.min(life / 2),
            Need::NewerThan(version) => self.token_version > version,
            Need::Ahead => left > life / 5 + life / 20 * self.jitter() / 256,
        }
    }

    /// 0 to 255, always the same for one connection: spreads refreshes over a twentieth of the life.
    fn jitter(&self) -> i32 {
        self.connection
            .0
            .as_bytes()
            .last()
            .copied()
            .unwrap_or_default()
            .into()
    }

    /// Whether the pair has worked: it was lent, and for longer than a rejection takes to be told none
    /// was. The token before it is no longer needed then.
    pub fn has_worked(&self, now: Timestamp) -> bool {
        self.first_lent_at
            .is_some_and(|at| now.duration_since(at) >= REJECTION_SPAN)
    }

    /// Whether PagerDuty rejects even pairs that are fresh.
    pub fn is_rejected_afresh(&self, now: Timestamp) -> bool {
        self.after_rejection && now.duration_since(self.issued_at) < REJECTION_SPAN
    }
}

/// A written intent: the right to present the refresh token.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The organization.
    pub org: OrgId,
    /// The connection.
    pub connection: ConnectionId,
    /// How access was given.
    pub kind: AccessKind,
    /// The fence of this intent.
    pub fence: i64,
    /// Sealed; an app token has none.
    pub refresh_token: Option<Vec<u8>>,
    /// The one before it, sealed, while the current pair has not yet worked.
    pub previous: Option<Vec<u8>>,
    /// Presentations, this one included.
    pub presentations: i16,
    /// Failures before this one.
    pub failures: i32,
}

/// A pair fit for the database.
#[derive(Debug, Clone)]
pub struct SealedPair {
    /// Sealed.
    pub access_token: Vec<u8>,
    /// Sealed; an app token and an API key have none.
    pub refresh_token: Option<Vec<u8>>,
    /// The refresh token that brought it, sealed.
    pub previous: Option<Vec<u8>>,
    /// When it came.
    pub issued_at: Timestamp,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When the refresh token ends if it is not used.
    pub refresh_expires_at: Timestamp,
}

/// Where a token of a grant is sealed for.
pub fn place((org, connection): (OrgId, ConnectionId), field: Field) -> Place {
    Place {
        org,
        row: connection.0,
        field,
    }
}

impl SealedPair {
    /// Seals an access token for its connection.
    pub fn seal(
        vault: &Vault,
        owner: (OrgId, ConnectionId),
        access_token: &SecretString,
    ) -> Result<Self, VaultError> {
        Ok(Self {
            access_token: vault.seal(place(owner, Field::AccessToken), access_token)?,
            refresh_token: None,
            previous: None,
            issued_at: Timestamp::MIN,
            expires_at: Timestamp::MAX,
            refresh_expires_at: Timestamp::MAX,
        })
    }

    /// Adds the refresh token.
    pub fn refreshed_by(
        mut self,
        vault: &Vault,
        owner: (OrgId, ConnectionId),
        refresh_token: &SecretString,
    ) -> Result<Self, VaultError> {
        self.refresh_token = Some(vault.seal(place(owner, Field::RefreshToken), refresh_token)?);
        Ok(self)
    }

    /// Adds the token that was presented for it.
    pub fn instead_of(
        mut self,
        vault: &Vault,
        owner: (OrgId, ConnectionId),
        presented: &SecretString,
    ) -> Result<Self, VaultError> {
        self.previous = Some(vault.seal(place(owner, Field::PreviousRefreshToken), presented)?);
        Ok(self)
    }

    /// Says how long it lasts.
    #[must_use]
    pub fn lasting(self, now: Timestamp, life: SignedDuration, kind: AccessKind) -> Self {
        let after = |life| now.saturating_add(life).unwrap_or(Timestamp::MAX);
        Self {
            issued_at: now,
            expires_at: after(life),
            refresh_expires_at: after(kind.idle_limit()),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + seconds.seconds()
    }

    fn grant(intent: Intent) -> Grant {
        Grant {
            org: OrgId(Uuid::nil()),
            connection: ConnectionId(Uuid::nil()),
            state: ConnectionState::Connected,
            reason: String::new(),
            kind: AccessKind::Classic,
            region: Region::Us,
            subdomain: "acme".to_owned(),
            user_id: "PU1".to_owned(),
            scopes: Vec::new(),
            access_token: Some(Vec::new()),
            token_version: 3,
            issued_at: at(0),
            expires_at: at(DAY),
            after_rejection: false,
            first_lent_at: None,
            keeps_previous: true,
            intent,
        }
    }

    fn minute() -> Need {
        Need::ValidFor(SignedDuration::from_secs(60))
    }

    #[rstest]
    #[case::valid(0, minute(), Step::Take)]
    #[case::valid_to_the_second(DAY - 60, minute(), Step::Take)]
    #[case::too_short(DAY - 59, minute(), Step::Refresh)]
    #[case::expired(DAY, minute(), Step::Refresh)]
    #[case::wanted_more_than_half_a_life(
        0,
        Need::ValidFor(SignedDuration::from_hours(48)),
        Step::Take
    )]
    #[case::at_least_some_life(DAY, Need::ValidFor(SignedDuration::ZERO), Step::Refresh)]
    #[case::already_newer(0, Need::NewerThan(2), Step::Take)]
    #[case::rejected(0, Need::NewerThan(3), Step::Refresh)]
    #[case::not_yet_ahead(DAY * 79 / 100, Need::Ahead, Step::Take)]
    #[case::ahead(DAY * 80 / 100, Need::Ahead, Step::Refresh)]
    fn a_need_is_met_or_asks_for_a_refresh(
        #[case] now: i64,
        #[case] need: Need,
        #[case] step: Step,
    ) {
        assert_eq!(grant(Intent::default()).step(need, at(now)), step);
    }

    #[test]
    fn one_holder_refreshes_and_all_others_wait_until_it_must_have_died() {
        let held = grant(Intent {
            held_since: Some(at(DAY)),
            presentations: 1,
            ..Intent::default()
        });
        assert_eq!(held.step(minute(), at(DAY)), Step::Wait);
        let dead = DAY + INTENT_LIFE.as_secs();
        assert_eq!(held.step(minute(), at(dead - 1)), Step::Wait);
        assert_eq!(held.step(minute(), at(dead)), Step::Refresh);
    }

    #[test]
    fn a_token_that_may_have_arrived_twice_is_never_sent_again() {
        let twice = grant(Intent {
            presentations: 2,
            ..Intent::default()
        });
        assert_eq!(twice.step(minute(), at(0)), Step::Take);
        assert_eq!(twice.step(minute(), at(DAY)), Step::GiveUp);
    }

    #[test]
    fn an_app_asks_again_as_often_as_it_needs_and_a_key_never() {
        let mut app = grant(Intent {
            presentations: 9,
            ..Intent::default()
        });
        app.kind = AccessKind::App;
        assert_eq!(app.step(minute(), at(DAY)), Step::Refresh);
        app.kind = AccessKind::ApiKey;
        assert_eq!(app.step(Need::NewerThan(3), at(0)), Step::GiveUp);
    }

    #[test]
    fn a_pair_has_worked_once_it_was_lent_for_longer_than_a_rejection_takes() {
        let mut lent = grant(Intent::default());
        assert!(!lent.has_worked(at(DAY)));
        lent.first_lent_at = Some(at(0));
        assert!(!lent.has_worked(at(599)) && lent.has_worked(at(600)));
    }

    #[test]
    fn after_a_failure_nobody_tries_before_the_time() {
        let later = grant(Intent {
            not_before: Some(at(DAY + 30)),
            ..Intent::default()
        });
        assert_eq!(later.step(minute(), at(DAY)), Step::Later(at(DAY + 30)));
        assert_eq!(later.step(minute(), at(DAY + 30)), Step::Refresh);
    }

    #[test]
    fn what_has_ended_is_not_tried() {
        let mut ended = grant(Intent::default());
        ended.state = ConnectionState::Reconnect;
        assert_eq!(ended.step(minute(), at(0)), Step::Ended);
        let mut destroyed = grant(Intent::default());
        destroyed.access_token = None;
        assert_eq!(destroyed.step(minute(), at(0)), Step::Ended);
    }
}
