//! Ids that look like PagerDuty's, unique and decodable: `P` and six characters for configuration
//! objects, `Q…` for incidents, `R…` for log entries.

use super::dice::{key as dice_key, mix, unmix};

const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const SIX: u64 = 36 * 36 * 36 * 36 * 36 * 36;
/// Ids of one kind of configuration object; 36 kinds fit into six characters.
const PER_KIND: u64 = SIX / 36;

/// Kinds of configuration objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User = 0,
    Team = 1,
    Service = 2,
    Policy = 3,
    Schedule = 4,
    Layer = 5,
    Rule = 6,
    License = 7,
    Priority = 8,
    Contact = 9,
    NotificationRule = 10,
    Rotation = 11,
    Event = 12,
    Integration = 13,
    Tag = 14,
    BusinessService = 15,
    StatusPage = 16,
    Workflow = 17,
    Window = 18,
    Extension = 19,
    Template = 20,
    Grouping = 21,
    Former = 22,
    Post = 23,
    ExtensionSchema = 24,
}

/// The id of the `n`-th object of a kind.
pub(crate) fn object_id(key: u64, kind: Kind, n: u64) -> String {
    // 1_000_003 shares no factor with 36^6, so that the map is a bijection.
    let slot = (kind as u64 * PER_KIND + n) % SIX;
    let code = (u128::from(slot) * 1_000_003 + u128::from(key % SIX)) % u128::from(SIX);
    format!("P{}", digits(code as u64, 6))
}

/// An id of the long kind that newer parts of PagerDuty use.
pub(crate) fn long_id(key: u64, part: u64, n: u64) -> String {
    let first = dice_key(&[key, part, n, 1]);
    let second = dice_key(&[key, part, n, 2]);
    format!("01{}{}", digits(first, 12), digits(second, 12))
}

/// A UUID.
pub(crate) fn uuid(key: u64, part: u64, n: u64) -> String {
    let (high, low) = (dice_key(&[key, part, n, 1]), dice_key(&[key, part, n, 2]));
    uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
        .into_uuid()
        .to_string()
}

/// Where a moment of the history sits: which day, which incident of it, which entry of that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// UTC day since 1970-01-01.
    pub day: i64,
    /// Position among the day's incidents.
    pub incident: u32,
    /// Position among the incident's entries.
    pub entry: u16,
}

/// What a place id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlaceKind {
    Incident = 0,
    LogEntry = 1,
    Request = 2,
    Change = 3,
    Deployment = 4,
}

/// The id of an incident, log entry or responder request.
pub(crate) fn place_id(key: u64, kind: PlaceKind, place: Place) -> String {
    let packed = ((kind as u64) << 60)
        | ((place.day as u64 & 0xf_ffff) << 40)
        | (u64::from(place.incident) << 16)
        | u64::from(place.entry);
    let letter = if kind == PlaceKind::Incident {
        'Q'
    } else {
        'R'
    };
    format!("{letter}{}", digits(mix(packed ^ key), 13))
}

/// The place an id names, if it is an id of this kind made with this key.
pub(crate) fn decode_place(key: u64, kind: PlaceKind, id: &str) -> Option<Place> {
    let letter = if kind == PlaceKind::Incident {
        'Q'
    } else {
        'R'
    };
    let code = number(id.strip_prefix(letter)?)?;
    let packed = unmix(code) ^ key;
    let place = Place {
        day: ((packed >> 40) & 0xf_ffff) as i64,
        incident: ((packed >> 16) & 0xff_ffff) as u32,
        entry: (packed & 0xffff) as u16,
    };
    (packed >> 60 == kind as u64).then_some(place)
}

fn digits(mut code: u64, width: usize) -> String {
    let mut text = vec![b'0'; width];
    for place in text.iter_mut().rev() {
        *place = DIGITS.get((code % 36) as usize).copied().unwrap_or(b'0');
        code /= 36;
    }
    text.into_iter().map(char::from).collect()
}

fn number(text: &str) -> Option<u64> {
    if text.len() != 13 || !text.bytes().all(|b| DIGITS.contains(&b)) {
        return None;
    }
    u64::from_str_radix(text, 36).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_id() {
        let place = Place {
            day: 20_500,
            incident: 1_699,
            entry: 7,
        };
        let id = place_id(77, PlaceKind::LogEntry, place);
        assert_eq!(decode_place(77, PlaceKind::LogEntry, &id), Some(place));
        assert_eq!(decode_place(77, PlaceKind::Incident, &id), None);
        assert_eq!(
            decode_place(78, PlaceKind::LogEntry, &id).filter(|p| *p == place),
            None
        );
    }

    #[test]
    fn object_ids_differ_by_kind_and_number() {
        let mut seen = std::collections::HashSet::new();
        for kind in [Kind::User, Kind::Team, Kind::Service] {
            for n in 0..5_000 {
                assert!(seen.insert(object_id(9, kind, n)));
            }
        }
    }
}
