//! Instants: nearly all of them are written in one way, which is read without the full parser.

use std::fmt;

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::Instant;

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InstantVisitor;

        impl<'de> Visitor<'de> for InstantVisitor {
            type Value = Option<Timestamp>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an instant or null")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Option<Timestamp>, E> {
                Ok(instant(text.trim()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(None)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(None)
            }

            default_otherwise!(visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_bool: bool);
        }

        deserializer.deserialize_any(InstantVisitor).map(Self)
    }
}

/// The form in which PagerDuty writes nearly all of them, `2026-01-31T23:59:59Z`, in seconds since
/// 1970; anything else is left to the full parser.
fn whole_second(text: &[u8]) -> Option<i64> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        o1,
        o2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
        b'Z',
    ] = *text
    else {
        return None;
    };
    let digits = |of: &[u8]| {
        of.iter().try_fold(0_i64, |number, digit| {
            let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
            Some(number * 10 + i64::from(digit))
        })
    };
    let (year, month, day) = (
        digits(&[y1, y2, y3, y4])?,
        digits(&[o1, o2])?,
        digits(&[d1, d2])?,
    );
    let (hour, minute, second) = (digits(&[h1, h2])?, digits(&[m1, m2])?, digits(&[s1, s2])?);
    // The full parser judges what may be no day at all.
    let is_plain = (1970..=2999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=28).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    if !is_plain {
        return None;
    }
    let days = days_since_1970(year, month, day);
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// With years that begin in March, so that the leap day is the last one.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (y, m) = if month <= 2 {
        (year - 1, month + 9)
    } else {
        (year, month - 3)
    };
    365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719_468
}

fn instant(text: &str) -> Option<Timestamp> {
    if let Some(second) = whole_second(text.as_bytes()) {
        return Timestamp::from_second(second).ok();
    }
    let with_offset = text.parse::<Timestamp>().ok();
    with_offset.or_else(|| {
        TimeZone::UTC
            .to_timestamp(text.parse::<DateTime>().ok()?)
            .ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_to_an_instant_leads_where_the_long_one_does() {
        for year in [1970, 1999, 2000, 2024, 2026, 2100] {
            for month in 1..=12 {
                for day in [1, 17, 28, 29, 31] {
                    let text = format!("{year}-{month:02}-{day:02}T23:59:07Z");
                    let long = text.parse::<Timestamp>().ok();
                    assert_eq!(instant(&text), long, "{text}");
                }
            }
        }
        assert_eq!(whole_second(b"2026-01-31T23:59:60Z"), None);
    }
}
