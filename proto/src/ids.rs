//! Identifiers that cross service borders. PagerDuty's own ids stay strings.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// An identifier on the wire is not a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {kind} id")]
pub struct InvalidId {
    /// What was expected, for example `organization`.
    pub kind: &'static str,
    /// What came instead.
    pub text: String,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let invalid = |_| InvalidId { kind: $kind, text: text.to_owned() };
                Uuid::parse_str(text).map(Self).map_err(invalid)
            }
        }
    };
}

id!(
    /// An organization, the tenant.
    OrgId,
    "organization"
);
id!(
    /// A person who signs in to the product (not a PagerDuty user).
    PersonId,
    "person"
);
id!(
    /// One PagerDuty account connected by one organization.
    ConnectionId,
    "connection"
);
id!(
    /// One synchronization of one connection.
    RunId,
    "run"
);
id!(
    /// Somebody outside asked to make one connection.
    InvitationId,
    "invitation"
);
id!(
    /// A machine's key to one organization.
    ApiKeyId,
    "API key"
);
