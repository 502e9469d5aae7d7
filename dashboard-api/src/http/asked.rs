//! What a GET asks for: its query, every name of which must be known, and what the client already
//! has.

use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use super::problem::Problem;
use crate::window::Window;

const DEFAULT_WINDOW: Window = Window::Days90;

/// The query of a request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Path and query as they came, a part of the ETag.
    pub(super) target: String,
    pub(super) if_none_match: Option<String>,
    pairs: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let if_none_match = parts.headers.get(header::IF_NONE_MATCH);
        Ok(Self {
            target: parts.uri.to_string(),
            if_none_match: if_none_match
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            pairs: pairs
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        })
    }
}

impl Asked {
    /// Refuses names that the route does not know, and names that come twice.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), Problem> {
        for (position, (name, _)) in self.pairs.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(Problem::invalid_parameter(
                    name,
                    "There is no such parameter.",
                ));
            }
            if self
                .pairs
                .iter()
                .take(position)
                .any(|(other, _)| other == name)
            {
                return Err(Problem::invalid_parameter(
                    name,
                    "The parameter is given twice.",
                ));
            }
        }
        Ok(())
    }

    /// A parameter's text, `None` when it is absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    pub(super) fn window(&self) -> Result<Window, Problem> {
        let Some(text) = self.text("window") else {
            return Ok(DEFAULT_WINDOW);
        };
        let window = text.parse().ok().and_then(Window::from_days);
        window.ok_or_else(|| {
            Problem::invalid_parameter("window", "The window is one of 30, 60, 90 and 180 days.")
        })
    }
}
