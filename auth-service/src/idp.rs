//! What every identity provider has for a client: an HTTP client that behaves, published keys, and
//! id_tokens. What one provider says in its own way belongs to `pagerduty` and `oidc`.

pub mod http;
pub mod id_token;
pub mod jwks;
