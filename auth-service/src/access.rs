//! How access to an account was given, how long each kind of it lasts, and what is known of the person
//! who gave it.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Span, Timestamp, ToSpan, tz::TimeZone};

/// The kinds of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessKind {
    /// A Classic user app: `read` within the consenting user's permissions.
    Classic,
    /// A scoped app: single scopes within the consenting user's permissions.
    Scoped,
    /// An app's own token by client credentials; no user stands behind it and nothing is refreshed.
    App,
    /// A read-only account API key.
    ApiKey,
}

impl AccessKind {
    /// As the database names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Scoped => "scoped",
            Self::App => "app",
            Self::ApiKey => "api_key",
        }
    }

    /// Whether a refresh token stands behind it, which may be presented only once.
    pub fn has_refresh_token(self) -> bool {
        matches!(self, Self::Classic | Self::Scoped)
    }

    /// When a consent given now ends for good: after three years for a Classic app, one for a scoped
    /// one, and never by itself without a consenting user.
    pub fn window_ends_at(self, consented_at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Classic => Some(after(consented_at, 3.years())),
            Self::Scoped => Some(after(consented_at, 1.year())),
            Self::App | Self::ApiKey => None,
        }
    }

    /// How long a refresh token lives unused: 210 days, or 30 for a scoped app.
    pub fn idle_limit(self) -> SignedDuration {
        match self {
            Self::Classic => SignedDuration::from_hours(210 * 24),
            Self::Scoped | Self::App | Self::ApiKey => SignedDuration::from_hours(30 * 24),
        }
    }
}

fn after(at: Timestamp, span: Span) -> Timestamp {
    let end = at.to_zoned(TimeZone::UTC).checked_add(span);
    end.map_or(Timestamp::MAX, |end| end.timestamp())
}

/// The text names no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is none of classic, scoped and app")]
pub struct UnknownKind;

impl FromStr for AccessKind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        [Self::Classic, Self::Scoped, Self::App, Self::ApiKey]
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or(UnknownKind)
    }
}

impl fmt::Display for AccessKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What complete lists of users have said of the consenting user since the consent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consenter {
    /// Whether the user is still in the account; `None` before the first list.
    pub present: Option<bool>,
    /// PagerDuty's role now; empty when not known.
    pub role: String,
    /// The role at the first list.
    pub first_role: String,
}

impl Consenter {
    /// Whether the role is lower than it was, so that less can be read.
    pub fn is_demoted(&self) -> bool {
        let ranks = (rank(&self.first_role), rank(&self.role));
        matches!(ranks, (Some(first), Some(now)) if now < first)
    }
}

/// Order of PagerDuty's base roles by what they can read; unknown ones are not compared.
fn rank(role: &str) -> Option<u8> {
    Some(match role {
        "owner" => 6,
        "admin" => 5,
        "user" => 4,
        "limited_user" => 3,
        "observer" => 2,
        "restricted_access" => 1,
        "read_only_user" | "read_only_limited_user" => 0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("admin", "observer", true)]
    #[case("owner", "admin", true)]
    #[case("admin", "owner", false)]
    #[case("admin", "admin", false)]
    #[case("admin", "", false)]
    #[case("admin", "a_new_role", false)]
    fn a_lower_role_is_a_demotion(
        #[case] first_role: &str,
        #[case] role: &str,
        #[case] demoted: bool,
    ) {
        let consenter = Consenter {
            present: Some(true),
            role: role.to_owned(),
            first_role: first_role.to_owned(),
        };
        assert_eq!(consenter.is_demoted(), demoted);
    }

    #[test]
    fn the_window_follows_the_kind_of_app() {
        let consented: Timestamp = "2024-02-29T12:00:00Z".parse().expect("an instant");
        let ends = |kind: AccessKind| kind.window_ends_at(consented).map(|end| end.to_string());
        assert_eq!(
            ends(AccessKind::Classic).as_deref(),
            Some("2027-02-28T12:00:00Z")
        );
        assert_eq!(
            ends(AccessKind::Scoped).as_deref(),
            Some("2025-02-28T12:00:00Z")
        );
        assert_eq!(
            (ends(AccessKind::App), ends(AccessKind::ApiKey)),
            (None, None)
        );
    }
}
