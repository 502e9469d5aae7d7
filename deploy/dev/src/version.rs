//! Version numbers as tools print them.

use std::fmt;

/// Major, minor and patch; what is not printed counts as 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32, pub(crate) u32);

impl Version {
    /// The first number in the text: `postgres (PostgreSQL) 15.13 (Debian 15.13-0)`, `v20.20.2`, `3.10.8`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let start = text.find(|c: char| c.is_ascii_digit())?;
        let number = text
            .get(start..)?
            .split(|c: char| !c.is_ascii_digit() && c != '.')
            .next()?;
        let mut parts = number.split('.').map(|part| part.parse().unwrap_or(0));
        Some(Self(
            parts.next()?,
            parts.next().unwrap_or(0),
            parts.next().unwrap_or(0),
        ))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_tools_print() {
        let cases = [
            (
                "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)",
                Some(Version(15, 13, 0)),
            ),
            ("postgres (PostgreSQL) 18beta1", Some(Version(18, 0, 0))),
            ("v20.20.2\n", Some(Version(20, 20, 2))),
            ("rabbitmq_server-3.10.8", Some(Version(3, 10, 8))),
            ("nothing here", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Version::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn versions_compare_by_number_and_not_by_text() {
        assert!(Version(3, 10, 0) > Version(3, 9, 13));
        assert!(Version(20, 19, 0) <= Version(20, 20, 2));
    }
}
