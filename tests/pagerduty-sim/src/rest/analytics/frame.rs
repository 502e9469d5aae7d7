//! What the aggregates and incident rows of analytics have in common: how far the pipeline has come, hours of the day.

use jiff::tz::TimeZone;
use serde::Deserialize;

use crate::rest::answer::Refusal;
use crate::rest::ask::{Ask, account_zone, named_zone};
use crate::rest::params::instant;
use crate::world::{DAY, Incident, What};

/// Which part of the working week an interruption falls into, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hours {
    Business,
    Off,
    Sleep,
}

impl Hours {
    pub(super) fn of(at: i64) -> Self {
        let hour = at.rem_euclid(DAY) / 3_600;
        // 1970-01-01 was a Thursday.
        let is_weekday = (at.div_euclid(DAY) + 3).rem_euclid(7) < 5;
        match hour {
            22.. | ..6 => Self::Sleep,
            9..17 if is_weekday => Self::Business,
            _ => Self::Off,
        }
    }
}

/// The pipeline ran at midnight: what came later is not in it.
pub(super) fn midnight(ask: &Ask) -> i64 {
    ask.now.div_euclid(DAY) * DAY
}

/// The zone named in the body, else the account's, with its name.
pub(super) fn zone(ask: &Ask, name: Option<&str>) -> Result<(String, TimeZone), Refusal> {
    let name = name.unwrap_or_else(|| account_zone(&ask.caller));
    let zone = named_zone(name).ok_or_else(|| Refusal::invalid("time_zone is not recognized"))?;
    Ok((name.to_owned(), zone))
}

pub(super) fn bound(text: Option<&String>, zone: &TimeZone) -> Result<Option<i64>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let at = instant(text, zone).ok_or_else(|| Refusal::invalid("a date is not valid"))?;
    Ok(Some(at))
}

/// Reads a body; an absent one is empty.
pub(super) fn body<T: Default + for<'a> Deserialize<'a>>(bytes: &[u8]) -> Result<T, Refusal> {
    if bytes.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(bytes).map_err(|error| Refusal::invalid(&error.to_string()))
}

/// Interruptions are notifications that ring: everything but mails.
pub(super) fn interruptions(incident: &Incident, to: i64) -> impl Iterator<Item = (usize, i64)> {
    let entries = incident.entries.iter().filter(move |entry| entry.at < to);
    entries.filter_map(|entry| match (entry.what, entry.to) {
        (What::Notify(kind), Some(user)) if kind != 3 => Some((user, entry.at)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn friday_noon_is_business_and_saturday_noon_is_not() {
        let friday = DAY;
        assert_eq!(Hours::of(friday + 43_200), Hours::Business);
        assert_eq!(Hours::of(friday + DAY + 43_200), Hours::Off);
        assert_eq!(Hours::of(friday + 82_800), Hours::Sleep);
    }
}
