//! What kind of seat it is: one class, the first whose rule holds.

use jiff::Timestamp;

use crate::{coverage::ClassProof, window::days_from};

/// In the order in which answers list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Exempt,
    Active,
    Viewer,
    Pending,
    New,
    Unknown,
    Standby,
    Idle,
    Never,
}

impl Class {
    pub const ALL: [Self; 9] = [
        Self::Exempt,
        Self::Active,
        Self::Viewer,
        Self::Pending,
        Self::New,
        Self::Unknown,
        Self::Standby,
        Self::Idle,
        Self::Never,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Exempt => "exempt",
            Self::Active => "active",
            Self::Viewer => "viewer",
            Self::Pending => "pending",
            Self::New => "new",
            Self::Unknown => "unknown",
            Self::Standby => "standby",
            Self::Idle => "idle",
            Self::Never => "never",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// What decides about one seat in one window.
#[derive(Debug, Clone, Copy)]
pub struct Evidence {
    /// Marked by an admin, and not ended.
    pub exempt: bool,
    /// An action in the window.
    pub acted: bool,
    /// Duty in the window.
    pub on_duty: bool,
    /// A sign-in in the window.
    pub signed_in: bool,
    /// Any sign-in before `t`.
    pub ever_signed_in: bool,
    /// An invitation is outstanding.
    pub invited: bool,
    /// When the seat began: allocated, else created, else first seen.
    pub since: Timestamp,
    /// On a schedule, an escalation policy or on call now or soon.
    pub stands_by: bool,
    /// A use of any feature before `t`.
    pub ever_used: bool,
    pub proof: ClassProof,
}

/// The class of a seat at `t`; a seat is new for `grace_days`.
pub fn class(seat: &Evidence, t: Timestamp, grace_days: i64) -> Class {
    let grace = days_from(t, -grace_days);
    let never_came = seat.invited && !seat.ever_signed_in;
    if seat.exempt {
        Class::Exempt
    } else if seat.acted || seat.on_duty {
        Class::Active
    } else if seat.signed_in && seat.proof.activity {
        Class::Viewer
    } else if never_came && (seat.since >= grace || seat.proof.of_everything()) {
        Class::Pending
    } else if seat.since > grace {
        Class::New
    } else if !seat.proof.of_everything() {
        Class::Unknown
    } else if seat.stands_by {
        Class::Standby
    } else if !seat.proof.standby {
        // Whoever is silent may stand by on a schedule that cannot be seen.
        Class::Unknown
    } else if seat.ever_used {
        Class::Idle
    } else {
        Class::Never
    }
}

/// Seats by class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ClassCounts([i64; Class::ALL.len()]);

impl ClassCounts {
    pub fn add(&mut self, class: Class, seats: i64) {
        if let Some(count) = self.0.get_mut(class as usize) {
            *count += seats;
        }
    }

    pub fn of(&self, class: Class) -> i64 {
        self.0.get(class as usize).copied().unwrap_or_default()
    }

    pub fn total(&self) -> i64 {
        self.0.iter().sum()
    }

    /// Active seats of those that can be judged, in percent.
    pub fn utilization_percent(&self) -> Option<f64> {
        let unjudged = [Class::Exempt, Class::New, Class::Unknown];
        let left = self.total() - unjudged.iter().map(|class| self.of(*class)).sum::<i64>();
        crate::percent::percent(self.of(Class::Active), left)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ALL: ClassProof = ClassProof {
        activity: true,
        sign_ins: true,
        standby: true,
    };

    fn t() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().expect("valid")
    }

    /// Old, silent and fully known.
    fn silent() -> Evidence {
        Evidence {
            exempt: false,
            acted: false,
            on_duty: false,
            signed_in: false,
            ever_signed_in: false,
            invited: false,
            since: days_from(t(), -400),
            stands_by: false,
            ever_used: false,
            proof: ALL,
        }
    }

    fn no_analytics() -> ClassProof {
        ClassProof {
            sign_ins: false,
            ..ALL
        }
    }

    fn no_incidents() -> ClassProof {
        ClassProof {
            activity: false,
            ..ALL
        }
    }

    #[rstest]
    #[case::exempt_whatever_it_does(Evidence { exempt: true, acted: true, ..silent() }, Class::Exempt)]
    #[case::an_unseen_schedule_may_hold_it(Evidence { ever_used: true, proof: ClassProof { standby: false, ..ALL }, ..silent() }, Class::Unknown)]
    #[case::stands_by_whatever_is_unseen(Evidence { stands_by: true, proof: ClassProof { standby: false, ..ALL }, ..silent() }, Class::Standby)]
    #[case::an_action(Evidence { acted: true, invited: true, ..silent() }, Class::Active)]
    #[case::duty_without_any_proof(Evidence { on_duty: true, proof: no_incidents(), ..silent() }, Class::Active)]
    #[case::only_signs_in(Evidence { signed_in: true, ever_signed_in: true, ever_used: true, ..silent() }, Class::Viewer)]
    #[case::viewer_needs_no_analytics_proof(Evidence { signed_in: true, ever_signed_in: true, proof: no_analytics(), ..silent() }, Class::Viewer)]
    #[case::viewer_needs_activity_proof(Evidence { signed_in: true, ever_signed_in: true, proof: no_incidents(), ..silent() }, Class::Unknown)]
    #[case::invited_long_ago(Evidence { invited: true, ..silent() }, Class::Pending)]
    #[case::invited_long_ago_unproven(Evidence { invited: true, proof: no_analytics(), ..silent() }, Class::Unknown)]
    #[case::invited_exactly_30_days_ago_unproven(Evidence { invited: true, since: days_from(t(), -30), proof: no_analytics(), ..silent() }, Class::Pending)]
    #[case::invited_but_has_signed_in(Evidence { invited: true, ever_signed_in: true, ever_used: true, ..silent() }, Class::Idle)]
    #[case::new_within_grace(Evidence { since: days_from(t(), -29), ..silent() }, Class::New)]
    #[case::exactly_30_days_is_not_new(Evidence { since: days_from(t(), -30), ..silent() }, Class::Never)]
    #[case::new_comes_before_unknown(Evidence { since: days_from(t(), -29), proof: no_incidents(), ..silent() }, Class::New)]
    #[case::something_is_missing(Evidence { stands_by: true, proof: no_incidents(), ..silent() }, Class::Unknown)]
    #[case::stands_by(Evidence { stands_by: true, ever_used: true, ..silent() }, Class::Standby)]
    #[case::used_once(Evidence { ever_used: true, ..silent() }, Class::Idle)]
    #[case::silent(silent(), Class::Never)]
    fn the_first_class_that_holds(#[case] seat: Evidence, #[case] expected: Class) {
        assert_eq!(class(&seat, t(), 30), expected);
    }

    #[test]
    fn utilization_leaves_out_whoever_cannot_be_judged() {
        let mut counts = ClassCounts::default();
        assert_eq!(counts.utilization_percent(), None);
        counts.add(Class::New, 5);
        counts.add(Class::Unknown, 5);
        assert_eq!(counts.utilization_percent(), None, "nobody left");
        counts.add(Class::Active, 2);
        counts.add(Class::Idle, 1);
        assert_eq!(counts.utilization_percent(), Some(66.7));
        assert_eq!(counts.total(), 13);
    }

    #[test]
    fn every_class_is_found_by_its_name() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
    }
}
