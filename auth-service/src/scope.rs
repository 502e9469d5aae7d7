//! Scopes asked for and granted. PagerDuty leaves out a scope that it does not grant, silently, so
//! what came is always compared with what was asked.

use std::{collections::BTreeSet, convert::Infallible, fmt, str::FromStr};

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

    /// Without what names an account instead of a resource (`as_account-us.acme`).
    #[must_use]
    pub fn of_resources(self) -> Self {
        let named = |scope: &String| !scope.starts_with("as_account-");
        Self(self.0.into_iter().filter(named).collect())
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
}
