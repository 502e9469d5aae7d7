//! How a recommendation goes from raised to verified. Two movers: people, and what later complete
//! snapshots show. Pure.

use jiff::{Timestamp, civil::Date};

use crate::window::days_from;

/// Days within which a seat that comes back takes the saving back.
const RETURN_DAYS: i64 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Accepted,
    /// A later complete snapshot showed it.
    Done,
    Dismissed,
    Snoozed,
}

impl State {
    pub const ALL: [Self; 5] = [
        Self::Open,
        Self::Accepted,
        Self::Done,
        Self::Dismissed,
        Self::Snoozed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Accepted => "accepted",
            Self::Done => "done",
            Self::Dismissed => "dismissed",
            Self::Snoozed => "snoozed",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A person's wish cannot be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("only a later synchronization can show that it is done")]
    OnlyVerified,
    #[error("a dismissal needs a reason")]
    NoReason,
    #[error("a snooze needs a day after today")]
    NoDay,
    #[error("it is done already")]
    AlreadyDone,
}

/// Whether a person may move it.
pub fn allowed(
    from: State,
    to: State,
    reason: &str,
    until: Option<Date>,
    today: Date,
) -> Result<(), Refused> {
    match (from, to) {
        (State::Done, _) => Err(Refused::AlreadyDone),
        (_, State::Done) => Err(Refused::OnlyVerified),
        (_, State::Dismissed) if reason.trim().is_empty() => Err(Refused::NoReason),
        (_, State::Snoozed) if until.is_none_or(|day| day <= today) => Err(Refused::NoDay),
        _ => Ok(()),
    }
}

/// What is stored about a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    pub state: State,
    pub until: Option<Date>,
    pub verified_at: Option<Timestamp>,
}

/// What the newest generation says about its seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The rule still raises it.
    pub raised: bool,
    /// Whether the seat it wanted to give back is still allocated; `None` where that is not known
    /// or where there is no seat in question.
    pub allocated: Option<bool>,
    pub t: Timestamp,
    pub today: Date,
}

/// What a generation does to a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    Stay,
    /// The seat is gone: done, and its saving counts.
    Verify,
    /// The seat came back in time: open again, and its saving counts no more.
    Withdraw,
    /// Raised again after it was done for long, or the snooze is over.
    Reopen,
}

/// The turn of one recommendation.
pub fn turn(kept: Kept, seen: Seen) -> Turn {
    match kept.state {
        State::Done => {
            let recent = kept
                .verified_at
                .is_some_and(|at| seen.t <= days_from(at, RETURN_DAYS));
            match seen.allocated {
                Some(true) if recent => Turn::Withdraw,
                _ if seen.raised => Turn::Reopen,
                _ => Turn::Stay,
            }
        }
        State::Open | State::Accepted | State::Snoozed if seen.allocated == Some(false) => {
            Turn::Verify
        }
        State::Snoozed if kept.until.is_none_or(|day| day <= seen.today) => Turn::Reopen,
        State::Open | State::Accepted | State::Dismissed | State::Snoozed => Turn::Stay,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn t() -> Timestamp {
        "2026-11-23T10:00:00Z".parse().expect("valid")
    }

    const TODAY: Date = Date::constant(2026, 11, 23);

    fn kept(state: State) -> Kept {
        Kept {
            state,
            until: (state == State::Snoozed).then_some(Date::constant(2026, 12, 1)),
            verified_at: (state == State::Done).then(|| days_from(t(), -60)),
        }
    }

    fn seen(raised: bool, allocated: Option<bool>) -> Seen {
        Seen {
            raised,
            allocated,
            t: t(),
            today: TODAY,
        }
    }

    #[rstest]
    #[case::still_there(kept(State::Open), seen(true, Some(true)), Turn::Stay)]
    #[case::gone(kept(State::Open), seen(false, Some(false)), Turn::Verify)]
    #[case::accepted_and_gone(kept(State::Accepted), seen(false, Some(false)), Turn::Verify)]
    #[case::not_known_is_not_gone(kept(State::Accepted), seen(false, None), Turn::Stay)]
    #[case::used_again_is_not_gone(kept(State::Accepted), seen(false, Some(true)), Turn::Stay)]
    #[case::dismissed_stays(kept(State::Dismissed), seen(false, Some(false)), Turn::Stay)]
    #[case::asleep(kept(State::Snoozed), seen(true, Some(true)), Turn::Stay)]
    #[case::awake(Kept { until: Some(TODAY), ..kept(State::Snoozed) }, seen(true, Some(true)), Turn::Reopen)]
    #[case::back_on_the_sixtieth_day(kept(State::Done), seen(false, Some(true)), Turn::Withdraw)]
    #[case::back_later(Kept { verified_at: Some(days_from(t(), -61)), ..kept(State::Done) }, seen(false, Some(true)), Turn::Stay)]
    #[case::back_later_and_idle_again(Kept { verified_at: Some(days_from(t(), -61)), ..kept(State::Done) }, seen(true, Some(true)), Turn::Reopen)]
    #[case::done_and_still_gone(kept(State::Done), seen(false, Some(false)), Turn::Stay)]
    fn turns(#[case] kept: Kept, #[case] seen: Seen, #[case] expected: Turn) {
        assert_eq!(turn(kept, seen), expected);
    }

    #[rstest]
    #[case(State::Open, State::Accepted, "", None, Ok(()))]
    #[case(State::Open, State::Dismissed, " ", None, Err(Refused::NoReason))]
    #[case(State::Open, State::Dismissed, "on leave", None, Ok(()))]
    #[case(State::Accepted, State::Snoozed, "", None, Err(Refused::NoDay))]
    #[case(State::Accepted, State::Snoozed, "", Some(TODAY), Err(Refused::NoDay))]
    #[case(State::Accepted, State::Snoozed, "", Some(Date::constant(2026, 11, 24)), Ok(()))]
    #[case(State::Accepted, State::Done, "", None, Err(Refused::OnlyVerified))]
    #[case(State::Done, State::Open, "", None, Err(Refused::AlreadyDone))]
    #[case(State::Dismissed, State::Open, "", None, Ok(()))]
    fn people_may_move_all_but_what_is_verified(
        #[case] from: State,
        #[case] to: State,
        #[case] reason: &str,
        #[case] until: Option<Date>,
        #[case] expected: Result<(), Refused>,
    ) {
        assert_eq!(allowed(from, to, reason, until, TODAY), expected);
    }
}
