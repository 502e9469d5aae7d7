//! Scopes asked for and granted. PagerDuty leaves out a scope that it does not grant, silently, so
//! what came is always compared with what was asked.

use std::{collections::BTreeSet, convert::Infallible, fmt, str::FromStr};

use jiff::{Span, Timestamp, ToSpan, tz::TimeZone};

/// Granted by itself with every consent; gives access to nothing.
const OPENID: &str = "openid";

/// A set of scopes, without `openid`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl FromStr for Scopes {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }
}

impl FromIterator<String> for Scopes {
    fn from_iter<I: IntoIterator<Item = String>>(scopes: I) -> Self {
        Self(scopes.into_iter().filter(|scope| scope != OPENID).collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_vec().join(" "))
    }
}

impl Scopes {
    /// In alphabetical order.
    pub fn to_vec(&self) -> Vec<String> {
        self.0.iter().cloned().collect()
    }

    /// Those of ours that `granted` does not give. A Classic `write` includes `read`.
    #[must_use]
    pub fn missing_from(&self, granted: &Self) -> Self {
        let given = |scope: &str| {
            granted.0.contains(scope) || (scope == "read" && granted.0.contains("write"))
        };
        self.0
            .iter()
            .filter(|scope| !given(scope))
            .cloned()
            .collect()
    }

    /// Whether at least one of ours is among the granted ones.
    pub fn any_in(&self, granted: &Self) -> bool {
        self.missing_from(granted) != *self
    }

    /// Whether these are the two scopes of a Classic app; a Scoped app names resources.
    pub fn is_classic(&self) -> bool {
        self.0
            .iter()
            .all(|scope| scope == "read" || scope == "write")
    }

    /// When a consent given now ends for good: three years for a Classic app, one for a Scoped one.
    pub fn access_ends_at(&self, consented_at: Timestamp) -> Timestamp {
        let years = if self.is_classic() {
            3.years()
        } else {
            1.year()
        };
        after(consented_at, years)
    }

    /// When a refresh token received now ends unless it is used: 210 days, or 30 for a Scoped app.
    pub fn refresh_ends_at(&self, received_at: Timestamp) -> Timestamp {
        let days = if self.is_classic() {
            210.days()
        } else {
            30.days()
        };
        after(received_at, days)
    }
}

fn after(at: Timestamp, span: Span) -> Timestamp {
    let end = at.to_zoned(TimeZone::UTC).checked_add(span);
    end.map_or(Timestamp::MAX, |end| end.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(text: &str) -> Scopes {
        text.parse().unwrap_or_default()
    }

    #[test]
    fn only_openid_is_no_access() {
        assert!(!scopes("read").any_in(&scopes("openid")));
        assert!(!scopes("users.read teams.read").any_in(&scopes("openid incidents.read")));
    }

    #[test]
    fn write_includes_read() {
        assert!(scopes("read").any_in(&scopes("openid write")));
        assert_eq!(
            scopes("read").missing_from(&scopes("openid write")),
            Scopes::default()
        );
    }

    #[test]
    fn what_was_left_out_is_named() {
        let missing = scopes("users.read analytics.write teams.read")
            .missing_from(&scopes("openid teams.read"));
        assert_eq!(missing.to_string(), "analytics.write users.read");
    }

    #[test]
    fn the_window_follows_the_kind_of_app() {
        let consented: Timestamp = "2024-02-29T12:00:00Z".parse().expect("an instant");
        assert_eq!(
            scopes("openid write").access_ends_at(consented).to_string(),
            "2027-02-28T12:00:00Z"
        );
        assert_eq!(
            scopes("users.read").access_ends_at(consented).to_string(),
            "2025-02-28T12:00:00Z"
        );
        assert_eq!(
            scopes("users.read").refresh_ends_at(consented).to_string(),
            "2024-03-30T12:00:00Z"
        );
    }
}
