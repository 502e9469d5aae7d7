//! The windows every answer can be asked for, and the arithmetic of days. A window is a whole number
//! of 86,400 s, whatever the time zone; a calendar day is one of the organization's time zone.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// Seconds of a day.
pub const DAY_SECONDS: i64 = 86_400;
/// How far back facts count at all.
pub const HORIZON_DAYS: i64 = 365;
/// How long a seat counts as new unless the organization says otherwise.
pub const GRACE_DAYS: i64 = 30;
/// How far ahead shifts count: somebody who stands by, a blocker.
pub const AHEAD_DAYS: i64 = 30;

/// The half-open interval `[t - W, t)` of one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    Days30,
    Days60,
    Days90,
    Days180,
}

impl Window {
    /// From the shortest; the position is also the band of a use, see [`crate::usage::Usage`].
    pub const ALL: [Self; 4] = [Self::Days30, Self::Days60, Self::Days90, Self::Days180];

    pub fn days(self) -> i64 {
        match self {
            Self::Days30 => 30,
            Self::Days60 => 60,
            Self::Days90 => 90,
            Self::Days180 => 180,
        }
    }

    pub fn from_days(days: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|window| window.days() == days)
    }

    /// 0 for the shortest.
    pub fn index(self) -> usize {
        self as usize
    }

    /// `t - W`.
    pub fn start(self, t: Timestamp) -> Timestamp {
        days_from(t, -self.days())
    }
}

/// `t` moved by whole days of 86,400 s, kept within what a timestamp can hold.
pub fn days_from(t: Timestamp, days: i64) -> Timestamp {
    let seconds = t
        .as_second()
        .saturating_add(days.saturating_mul(DAY_SECONDS));
    let limit = if days < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    };
    Timestamp::new(seconds, t.subsec_nanosecond()).unwrap_or(limit)
}

/// Days since 1970-01-01 of an instant.
pub fn day_of(at: Timestamp) -> i64 {
    at.as_second().div_euclid(DAY_SECONDS)
}

/// Number of the week (Monday to Sunday) that a day lies in.
pub fn week_of(day: i64) -> i64 {
    // 1970-01-01 was a Thursday: the week's Monday was three days earlier.
    (day + 3).div_euclid(7)
}

/// The Monday of a week, as days since 1970-01-01.
pub fn monday(week: i64) -> i64 {
    week * 7 - 3
}

/// A day as a calendar date.
pub fn date_of(day: i64) -> Date {
    Timestamp::from_second(day.saturating_mul(DAY_SECONDS))
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(TimeZone::UTC)
        .date()
}

/// Calendar days of one time zone, numbered from 1970-01-01.
#[derive(Debug, Clone)]
pub struct Calendar(TimeZone);

impl Calendar {
    /// UTC for a name that nobody knows.
    pub fn named(zone: &str) -> Self {
        Self(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
    }

    pub fn day_of(&self, at: Timestamp) -> i64 {
        let offset = self.0.to_offset(at).seconds();
        (at.as_second() + i64::from(offset)).div_euclid(DAY_SECONDS)
    }

    /// The day and the hour of the day.
    pub fn day_and_hour_of(&self, at: Timestamp) -> (i64, i64) {
        let offset = self.0.to_offset(at).seconds();
        let local = at.as_second() + i64::from(offset);
        let hour = local.rem_euclid(DAY_SECONDS).div_euclid(3_600);
        (local.div_euclid(DAY_SECONDS), hour)
    }

    /// The first instant of a day.
    pub fn start_of(&self, day: Date) -> Timestamp {
        day.to_zoned(self.0.clone())
            .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }

    /// The instant of an hour of a numbered day.
    pub fn hour(&self, day: i64, hour: i64) -> Timestamp {
        let utc = Timestamp::from_second(day.saturating_mul(DAY_SECONDS) + hour * 3_600);
        let civil = utc
            .unwrap_or(Timestamp::UNIX_EPOCH)
            .to_zoned(TimeZone::UTC)
            .datetime();
        civil
            .to_zoned(self.0.clone())
            .map_or(Timestamp::MAX, |zoned| zoned.timestamp())
    }
}

/// Days since 1970-01-01 of a calendar date.
pub fn number_of(date: Date) -> i64 {
    date.to_zoned(TimeZone::UTC)
        .map_or(0, |zoned| day_of(zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_a_whole_number_of_seconds() {
        let t: Timestamp = "2026-03-30T12:00:00Z".parse().expect("valid");
        let start = Window::Days30.start(t);
        assert_eq!(start.to_string(), "2026-02-28T12:00:00Z");
        assert_eq!(t.as_second() - start.as_second(), 30 * DAY_SECONDS);
    }

    #[test]
    fn a_day_begins_where_the_organization_is() {
        let berlin = Calendar::named("Europe/Berlin");
        let late: Timestamp = "2026-11-22T23:30:00Z".parse().expect("valid");
        assert_eq!(berlin.day_of(late), day_of(late) + 1);
        assert_eq!(Calendar::named("Nowhere/At_All").day_of(late), day_of(late));
        let date = date_of(berlin.day_of(late));
        assert_eq!(berlin.start_of(date).to_string(), "2026-11-22T23:00:00Z");
        assert_eq!(number_of(date), berlin.day_of(late));
        assert_eq!(
            berlin.hour(berlin.day_of(late), 9).to_string(),
            "2026-11-23T08:00:00Z"
        );
    }

    #[test]
    fn weeks_start_on_monday() {
        for (day, monday_is) in [
            ("2026-11-22T23:59:59Z", "2026-11-16"),
            ("2026-11-23T00:00:00Z", "2026-11-23"),
            ("1970-01-01T00:00:00Z", "1969-12-29"),
        ] {
            let at: Timestamp = day.parse().expect("valid");
            let date = date_of(monday(week_of(day_of(at))));
            assert_eq!(date.to_string(), monday_is, "{day}");
        }
    }
}
