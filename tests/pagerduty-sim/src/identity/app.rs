//! The two OAuth apps registered with the simulator.

use crate::caller::TokenKind;

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// The two kinds of app PagerDuty knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppKind {
    /// Classic User OAuth: `read` or `write`, PKCE optional.
    Classic,
    /// Scoped OAuth: scopes per resource, PKCE required.
    Scoped,
}

/// A registered app.
#[derive(Clone, Debug)]
pub struct App {
    /// The public name in requests.
    pub client_id: &'static str,
    /// The secret.
    pub secret: &'static str,
    /// Shown on the consent page.
    pub name: &'static str,
    /// Classic or scoped.
    pub kind: AppKind,
}

impl App {
    pub(super) fn registered() -> Vec<Self> {
        vec![
            Self {
                client_id: "classic-app",
                secret: "classic-secret",
                name: "Quolum (Classic)",
                kind: AppKind::Classic,
            },
            Self {
                client_id: "scoped-app",
                secret: "scoped-secret",
                name: "Quolum (Scoped)",
                kind: AppKind::Scoped,
            },
        ]
    }

    /// Seconds an access token of a user lives: 30 days, or 1 day.
    pub fn access_seconds(&self) -> i64 {
        match self.kind {
            AppKind::Classic => 30 * DAY,
            AppKind::Scoped => DAY,
        }
    }

    /// Seconds a refresh token lives unused: 210 days, or 30 days.
    pub fn refresh_seconds(&self) -> i64 {
        match self.kind {
            AppKind::Classic => 210 * DAY,
            AppKind::Scoped => 30 * DAY,
        }
    }

    /// Seconds after consent when refreshing ends: 3 years, or 1 year.
    pub fn window_seconds(&self) -> i64 {
        match self.kind {
            AppKind::Classic => 3 * YEAR,
            AppKind::Scoped => YEAR,
        }
    }

    /// The kind of its user tokens.
    pub fn token_kind(&self) -> TokenKind {
        match self.kind {
            AppKind::Classic => TokenKind::Classic,
            AppKind::Scoped => TokenKind::Scoped,
        }
    }
}
