//! The published key set and the discovery document.

use axum::extract::State;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::app::AppKind;
use super::scope;
use crate::state::{AppState, BaseUrl};

/// `GET /global/oauth/anonymous/jwks`.
pub async fn jwks(State(state): State<AppState>) -> Json<Value> {
    Json(json!({"keys": [state.identity.key.current().jwk]}))
}

/// `GET /global/oauth/anonymous/.well-known/openid-configuration`. It names no revocation endpoint.
pub async fn configuration(Extension(base): Extension<BaseUrl>) -> Json<Value> {
    let mut scopes = vec!["openid"];
    scopes.extend(scope::known(AppKind::Classic));
    scopes.extend(scope::known(AppKind::Scoped));
    let root = &base.0;
    Json(json!({
        "issuer": base.issuer(),
        "authorization_endpoint": format!("{root}/oauth/authorize"),
        "token_endpoint": format!("{root}/oauth/token"),
        "jwks_uri": format!("{root}/global/oauth/anonymous/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": scopes,
    }))
}
