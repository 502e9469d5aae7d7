//! Who stands behind a REST request: what the authentication layer puts into the request's extensions.
//!
//! Handlers take it with `Extension<Caller>`. Whether the caller may read an endpoint is decided there, not here.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::account::{Account, Region};

/// The kind of credential presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Classic User OAuth: scopes `read` or `write`, acting for a user.
    Classic,
    /// Scoped OAuth: scopes per resource, acting for a user.
    Scoped,
    /// An app token (`client_credentials`): scopes per resource, no user.
    App,
    /// An account-level API key (`Authorization: Token token=…`): no user, everything allowed.
    ApiKey,
}

/// The authenticated caller of a REST request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The account the token belongs to.
    pub account: Arc<Account>,
    /// The consenting user; absent for app tokens and API keys.
    pub user_id: Option<String>,
    /// The user's present role (`admin`, `observer`, …); `admin` for app tokens and API keys.
    pub role: String,
    /// Scopes exactly as granted (`openid`, `write`, `users.read`, …). `write` of a Classic app includes `read`,
    /// but is not listed twice. Empty for API keys.
    pub scopes: BTreeSet<String>,
    /// The OAuth app, or `api-key`.
    pub client_id: String,
    /// Which kind of credential it is.
    pub kind: TokenKind,
    /// The region of the API that was called; always the account's own.
    pub region: Region,
}
