//! Where the browser goes back to after a consent: a path on our own origin and nothing else. The
//! text is judged by resolving it as a browser does, not by looking at how it begins.

use std::fmt;

use url::{Origin, Url};

/// Longest path we keep.
const LIMIT: usize = 2_000;

/// A path with query on our own origin, in the normal form that browsers agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

/// The text does not lead back to our own origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("return_to must be a path on this site, such as `/connections`")]
pub struct ForeignReturn;

impl ReturnTo {
    /// Takes `/path?query` as it would be resolved on `own`, the product's public URL.
    pub fn parse(own: &Url, text: &str) -> Result<Self, ForeignReturn> {
        let plain = |c: char| !c.is_control() && !c.is_whitespace() && c != '\\';
        if text.len() > LIMIT || !text.starts_with('/') || !text.chars().all(plain) {
            return Err(ForeignReturn);
        }
        let resolved = own.join(text).map_err(|_| ForeignReturn)?;
        let path = match resolved.query() {
            Some(query) => format!("{}?{query}", resolved.path()),
            None => resolved.path().to_owned(),
        };
        // Dots are resolved by now (`/.//evil` has become `//evil`), so what will be sent is judged
        // once more as what it is.
        let sent = own.join(&path).map_err(|_| ForeignReturn)?;
        if same_origin(own, &resolved) && same_origin(own, &sent) && !path.starts_with("//") {
            Ok(Self(path))
        } else {
            Err(ForeignReturn)
        }
    }

    /// The page of connections: where the browser goes when no pending consent is known.
    pub fn connections() -> Self {
        Self("/connections".to_owned())
    }

    /// The page at the end of an invitation.
    pub fn invitation_done() -> Self {
        Self("/invite/done".to_owned())
    }

    /// As parsed before and kept in the database.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn same_origin(own: &Url, other: &Url) -> bool {
    matches!(own.origin(), Origin::Tuple(..))
        && own.origin() == other.origin()
        && other.username().is_empty()
        && other.password().is_none()
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};
    use rstest::rstest;

    use super::*;

    fn own() -> Url {
        "https://seats.example:8443/".parse().expect("a URL")
    }

    #[rstest]
    #[case("/", "/")]
    #[case("/connections", "/connections")]
    #[case("/users?class=idle&sort=-last_any", "/users?class=idle&sort=-last_any")]
    #[case("/a/../b", "/b")]
    #[case("/search?q=//evil.example", "/search?q=//evil.example")]
    #[case("/x#fragment", "/x")]
    fn a_path_of_our_own_is_taken(#[case] text: &str, #[case] kept: &str) {
        assert_eq!(
            ReturnTo::parse(&own(), text).expect("our own").as_str(),
            kept
        );
    }

    #[rstest]
    #[case("")]
    #[case("connections")]
    #[case("//evil.example")]
    #[case("///evil.example")]
    #[case("/\\evil.example")]
    #[case("\\\\evil.example")]
    #[case("/\t/evil.example")]
    #[case("/\n/evil.example")]
    #[case("https://evil.example")]
    #[case("https:/evil.example")]
    #[case("javascript:alert(1)")]
    #[case("data:text/html,x")]
    #[case("/.//evil.example")]
    #[case("/x/..//evil.example")]
    #[case("/%2e//evil.example")]
    #[case(" /connections")]
    #[case("/connections\r\nSet-Cookie: a=b")]
    #[case("\u{0}/")]
    fn everything_else_is_refused(#[case] text: &str) {
        assert_eq!(ReturnTo::parse(&own(), text), Err(ForeignReturn));
    }

    /// Pieces of which escapes are made, in any order.
    fn hostile() -> impl Strategy<Value = String> {
        let pieces = select(vec![
            "/",
            "//",
            "\\",
            "\\\\",
            ".",
            "..",
            "%2e",
            "%2f",
            "%5c",
            "@",
            ":",
            "?",
            "#",
            "\t",
            "\n",
            "\r",
            "\u{0}",
            " ",
            "\u{a0}",
            "\u{3002}",
            "\u{ff0f}",
            "evil.example",
            "seats.example:8443",
            "https:",
            "http:",
            "javascript:",
            "data:",
            "file:",
            "user:pw@",
            "connections",
            "a",
            "[::1]",
            ";",
            "&",
        ]);
        let any = any::<char>().prop_map(String::from);
        let piece = prop_oneof![9 => pieces.prop_map(str::to_owned), 1 => any];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_generated_text_escapes_our_origin(text in hostile(), slash in any::<bool>()) {
            let text = if slash { format!("/{text}") } else { text };
            if let Ok(kept) = ReturnTo::parse(&own(), &text) {
                // The judge: what a browser makes of the Location header, on any page of ours.
                for page in ["https://seats.example:8443/", "https://seats.example:8443/connect/callback?code=x"] {
                    let page: Url = page.parse().expect("a URL");
                    let landed = page.join(kept.as_str()).expect("a location");
                    prop_assert_eq!(landed.origin(), own().origin(), "{:?} -> {}", text, landed);
                    prop_assert_eq!(landed.username(), "");
                }
                prop_assert!(kept.as_str().starts_with('/'));
                prop_assert!(!kept.as_str().starts_with("//") && !kept.as_str().contains('\\'));
                prop_assert!(kept.as_str().bytes().all(|b| b.is_ascii_graphic()), "{:?}", kept);
            }
        }
    }
}
