//! What will end the access unless a person acts: a pure function of a connection and the time. Who is
//! told, and how often, is the business of `consent_clock`.

use jiff::{SignedDuration, Timestamp};

use crate::connection::{Connection, ConnectionState};

/// An end is told this long ahead.
pub const AHEAD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What ends the access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WarningKind {
    /// Nothing was renewed for too long.
    IdleLimit,
    /// The consent's whole life is over.
    RollingWindow,
    /// The user who consented has left the account.
    ConsenterGone,
    /// The user who consented may see less than at the time.
    ConsenterDemoted,
}

impl WarningKind {
    /// As the contract and the database name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdleLimit => "idle_limit",
            Self::RollingWindow => "rolling_window",
            Self::ConsenterGone => "consenter_gone",
            Self::ConsenterDemoted => "consenter_demoted",
        }
    }
}

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// What.
    pub kind: WarningKind,
    /// In public words, with the next step.
    pub detail: String,
    /// When; `None` when nobody can know.
    pub ends_at: Option<Timestamp>,
}

impl Connection {
    /// The warnings that hold now, earliest end first; those without an end come last.
    pub fn warnings(&self, now: Timestamp) -> Vec<Warning> {
        if self.state != ConnectionState::Connected {
            return Vec::new();
        }
        let mut found: Vec<_> = [self.idle(now), self.window(now), self.consenter_lost()]
            .into_iter()
            .flatten()
            .collect();
        found.sort_by_key(|warning| warning.ends_at.unwrap_or(Timestamp::MAX));
        found
    }

    /// A grant that is renewed as it should be never comes near its idle limit: a scoped one has thirty
    /// days and is renewed every day, so two thirds of the limit must be left.
    fn idle(&self, now: Timestamp) -> Option<Warning> {
        let ends_at = self.idle_ends_at?;
        let ahead = AHEAD.min(self.access_kind.idle_limit() / 3 * 2);
        (ends_at.duration_since(now) <= ahead).then(|| Warning {
            kind: WarningKind::IdleLimit,
            detail: "PagerDuty has not renewed this access for a long time and will end it; press Reconnect".to_owned(),
            ends_at: Some(ends_at),
        })
    }

    fn window(&self, now: Timestamp) -> Option<Warning> {
        let ends_at = self.access_ends_at?;
        (ends_at.duration_since(now) <= AHEAD).then(|| Warning {
            kind: WarningKind::RollingWindow,
            detail: "PagerDuty ends a consent after a fixed time; press Reconnect before then"
                .to_owned(),
            ends_at: Some(ends_at),
        })
    }

    fn consenter_lost(&self) -> Option<Warning> {
        let (kind, detail) = if self.consenter.present == Some(false) {
            (
                WarningKind::ConsenterGone,
                "the PagerDuty user who consented has left the account; let another admin press Reconnect".to_owned(),
            )
        } else if self.consenter.is_demoted() {
            (
                WarningKind::ConsenterDemoted,
                format!(
                    "the PagerDuty user who consented is now {} instead of {}; let an admin press Reconnect",
                    self.consenter.role, self.consenter.first_role
                ),
            )
        } else {
            return None;
        };
        Some(Warning {
            kind,
            detail,
            ends_at: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;
    use proto::{ConnectionId, OrgId};
    use rstest::rstest;
    use uuid::Uuid;

    use super::*;
    use crate::{
        access::{AccessKind, Consenter},
        connection::{Account, Region},
    };

    fn at(days: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + (days * 24).hours()
    }

    fn connection(access_kind: AccessKind) -> Connection {
        Connection {
            org: OrgId(Uuid::nil()),
            id: ConnectionId(Uuid::nil()),
            account: Account {
                id: "PACME01".to_owned(),
                subdomain: "acme".to_owned(),
                region: Region::Us,
                user_id: "PU1".to_owned(),
            },
            consented_by: None,
            consented_by_name: String::new(),
            consented_at: at(0),
            scopes_granted: Vec::new(),
            scopes_missing: Vec::new(),
            state: ConnectionState::Connected,
            reason: String::new(),
            access_ends_at: Some(at(1_000)),
            access_kind,
            consenter: Consenter::default(),
            idle_ends_at: None,
            erase_at: None,
        }
    }

    #[rstest]
    #[case(969, 0)]
    #[case(970, 1)]
    #[case(1_001, 1)]
    fn the_end_of_the_window_is_told_thirty_days_ahead(#[case] day: i64, #[case] count: usize) {
        assert_eq!(
            connection(AccessKind::Classic).warnings(at(day)).len(),
            count
        );
    }

    #[rstest]
    #[case(AccessKind::Classic, 31, 0)]
    #[case(AccessKind::Classic, 30, 1)]
    #[case(AccessKind::Scoped, 29, 0)]
    #[case(AccessKind::Scoped, 20, 1)]
    fn the_idle_limit_is_told_when_renewals_stay_away(
        #[case] kind: AccessKind,
        #[case] left: i64,
        #[case] count: usize,
    ) {
        let mut idle = connection(kind);
        idle.idle_ends_at = Some(at(100 + left));
        assert_eq!(idle.warnings(at(100)).len(), count);
    }

    #[test]
    fn a_lost_consenter_is_told_at_once_and_what_has_ended_warns_of_nothing() {
        let mut lost = connection(AccessKind::Classic);
        lost.consenter = Consenter {
            present: Some(true),
            role: "observer".to_owned(),
            first_role: "admin".to_owned(),
        };
        let kinds = |connection: &Connection, day: i64| -> Vec<_> {
            let warnings = connection.warnings(at(day));
            warnings.iter().map(|warning| warning.kind).collect()
        };
        assert_eq!(kinds(&lost, 1), [WarningKind::ConsenterDemoted]);
        lost.consenter.present = Some(false);
        assert_eq!(
            kinds(&lost, 990),
            [WarningKind::RollingWindow, WarningKind::ConsenterGone]
        );
        lost.state = ConnectionState::Reconnect;
        assert!(kinds(&lost, 990).is_empty());
    }
}
