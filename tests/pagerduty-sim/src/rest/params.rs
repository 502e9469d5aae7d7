//! Query parameters as PagerDuty reads them: `name[]` sets, lowercase booleans, ISO 8601 instants.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::answer::Refusal;

/// The decoded query of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    pub(crate) fn parse(query: &str) -> Self {
        Self(
            url::form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// The last value given.
    pub(crate) fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .rev()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of `name[]`.
    pub(crate) fn set(&self, name: &str) -> Vec<&str> {
        let key = format!("{name}[]");
        self.0
            .iter()
            .filter(|(given, _)| *given == key)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Whether `include[]` asks for that model; unknown models are nobody's business.
    pub(crate) fn includes(&self, model: &str) -> bool {
        self.0
            .iter()
            .any(|(key, value)| key == "include[]" && value == model)
    }

    /// A boolean; only `true` and `false` are words for it.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.one(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::invalid(&format!(
                "{name} must be either true or false."
            ))),
        }
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.one(name) else {
            return Ok(None);
        };
        text.parse()
            .map(Some)
            .map_err(|_| Refusal::invalid(&format!("{name} must be a non-negative integer.")))
    }

    /// An instant in seconds since 1970; without an offset it is in `zone`.
    pub(crate) fn instant(&self, name: &str, zone: &TimeZone) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.one(name) else {
            return Ok(None);
        };
        instant(text, zone)
            .map(Some)
            .ok_or_else(|| Refusal::date(&format!("{name} is not a valid date.")))
    }
}

/// Reads ISO 8601 with or without offset, with or without time.
pub(crate) fn instant(text: &str, zone: &TimeZone) -> Option<i64> {
    let stamp: Option<Timestamp> = text.parse().ok();
    let stamp = stamp.or_else(|| zone.to_timestamp(text.parse::<DateTime>().ok()?).ok())?;
    Some(stamp.as_second())
}
