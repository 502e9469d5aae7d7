//! The OpenID Connect provider: where its endpoints are, the authorize address, the exchange of a code,
//! and who its id_token names.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::Algorithm;
use oauth2::{
    HttpRequest,
    http::{
        HeaderValue, Method,
        header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
    },
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use super::{OidcError, Proof};
use crate::{
    config::{self, is_safe},
    idp::{
        http::Http,
        id_token::{self, IdTokenError, Policy},
        jwks::{Jwks, KeyError},
    },
};

/// What we ask for: who it is, and the address.
const SCOPE: &str = "openid email profile";
/// How id_tokens may be signed. An algorithm with a shared key is none of them.
const ALGORITHMS: &[Algorithm] = &[Algorithm::RS256, Algorithm::ES256];
/// The provider's description of itself is read again after this time.
const DESCRIBED_FOR: SignedDuration = SignedDuration::from_hours(1);

/// What the provider says of itself (OpenID Connect Discovery 1.0).
#[derive(Debug, Clone, Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    /// `client_secret_basic` when it does not say.
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// A description, and the keys at the address it names.
#[derive(Debug, Clone)]
struct Known {
    description: Arc<Description>,
    jwks: Arc<Jwks>,
    read_at: Timestamp,
}

/// The answer of the token endpoint. Its `Debug` would show tokens, so there is none.
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    id_token: String,
}

/// What the provider says of a person.
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    email: Option<String>,
    /// A boolean; some providers send it as text.
    #[serde(default)]
    email_verified: Value,
}

/// The provider.
#[derive(Debug)]
pub struct Provider {
    settings: config::people::Oidc,
    redirect: Url,
    http: Http,
    known: Mutex<Option<Known>>,
}

impl Provider {
    /// Fetches nothing yet.
    pub fn new(settings: config::people::Oidc, redirect: Url, http: Http) -> Self {
        Self {
            settings,
            redirect,
            http,
            known: Mutex::default(),
        }
    }

    /// The name for the button.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Where to send the browser.
    pub async fn authorize(
        &self,
        state: &SecretString,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<Url, OidcError> {
        let known = self.known(now).await?;
        let mut url = known.description.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", self.redirect.as_str())
            .append_pair("scope", SCOPE)
            .append_pair("state", state.expose_secret())
            .append_pair("nonce", proof.nonce.expose_secret())
            .append_pair("code_challenge", &proof.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// Exchanges a code, once, and tells the verified address of who signed in.
    pub async fn identify(
        &self,
        code: &SecretString,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<String, OidcError> {
        let known = self.known(now).await?;
        let answer = self.exchange(&known.description, code, proof).await?;
        let id_token = SecretString::from(answer.id_token);
        let refused = |error: IdTokenError| {
            tracing::warn!(%error, "the provider's id_token is refused");
            OidcError::IdentityRefused(error.to_string())
        };
        let kid = id_token::key_id(&id_token, ALGORITHMS).map_err(refused)?;
        let key = known
            .jwks
            .key(&kid, now)
            .await
            .map_err(|error| match error {
                KeyError::Unknown => OidcError::IdentityRefused(error.to_string()),
                KeyError::Unavailable => OidcError::Unavailable,
            })?;
        let policy = Policy {
            algorithms: ALGORITHMS,
            issuers: std::slice::from_ref(&self.settings.issuer),
            client_id: &self.settings.client_id,
            nonce: Some(proof.nonce.expose_secret()),
            access_token: &answer.access_token.into(),
            now,
        };
        let believed = id_token::verify::<Claims>(&id_token, &key, &policy).map_err(refused)?;
        verified_address(believed.own)
    }

    async fn exchange(
        &self,
        description: &Description,
        code: &SecretString,
        proof: &Proof,
    ) -> Result<Answer, OidcError> {
        let request = self.token_request(description, code, proof);
        let request = request.ok_or(OidcError::Unavailable)?;
        let answer = self.http.call(request).await.map_err(|error| {
            tracing::warn!(%error, "a sign-in's code could not be exchanged");
            OidcError::Unavailable
        })?;
        let status = answer.status().as_u16();
        match status {
            200..=299 => serde_json::from_slice(answer.body()).map_err(|_| {
                tracing::warn!("the token endpoint's answer holds no id_token");
                OidcError::Unavailable
            }),
            400 if names_the_code(answer.body()) => {
                let words = "the provider did not accept the code it had given";
                Err(OidcError::IdentityRefused(words.to_owned()))
            }
            status => {
                tracing::warn!(
                    status,
                    "the token endpoint refuses, check AUTH_OIDC_CLIENT_ID and its secret"
                );
                Err(OidcError::Unavailable)
            }
        }
    }

    fn token_request(
        &self,
        description: &Description,
        code: &SecretString,
        proof: &Proof,
    ) -> Option<HttpRequest> {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code.expose_secret())
            .append_pair("redirect_uri", self.redirect.as_str())
            .append_pair("code_verifier", proof.verifier.expose_secret());
        let (id, secret) = (
            &self.settings.client_id,
            self.settings.client_secret.expose_secret(),
        );
        let methods = description.token_endpoint_auth_methods_supported.as_ref();
        let basic = methods.is_none_or(|all| all.iter().any(|one| one == "client_secret_basic"));
        if !basic {
            form.append_pair("client_id", id)
                .append_pair("client_secret", secret);
        }
        let mut request = HttpRequest::new(form.finish().into_bytes());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = description.token_endpoint.as_str().parse().ok()?;
        let headers = request.headers_mut();
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if basic {
            // RFC 6749, 2.3.1: both parts are form-encoded first.
            let part =
                |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = STANDARD.encode(format!("{}:{}", part(id), part(secret)));
            let mut value = HeaderValue::try_from(format!("Basic {pair}")).ok()?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Some(request)
    }

    /// The description, read again from time to time; an old one is better than none.
    async fn known(&self, now: Timestamp) -> Result<Known, OidcError> {
        let mut known = self.known.lock().await;
        if let Some(fresh) = known
            .as_ref()
            .filter(|known| now.duration_since(known.read_at) < DESCRIBED_FOR)
        {
            return Ok(fresh.clone());
        }
        match self.describe().await {
            Ok(description) => {
                let former = known.take();
                let same = former.filter(|k| k.description.jwks_uri == description.jwks_uri);
                let address = description.jwks_uri.to_string();
                let jwks = same.map_or_else(
                    || Arc::new(Jwks::at(address, self.http.clone())),
                    |known| known.jwks,
                );
                let described = Known {
                    description: Arc::new(description),
                    jwks,
                    read_at: now,
                };
                *known = Some(described.clone());
                Ok(described)
            }
            Err(error) => known.clone().ok_or(error),
        }
    }

    async fn describe(&self) -> Result<Description, OidcError> {
        let issuer = &self.settings.issuer;
        let address = format!(
            "{}/.well-known/openid-configuration",
            issuer.trim_end_matches('/')
        );
        let mut request = HttpRequest::new(Vec::new());
        *request.uri_mut() = address.parse().map_err(|_| OidcError::Unavailable)?;
        let answer = self.http.call(request).await;
        let answer = answer.map_err(|_| OidcError::Unavailable)?;
        let found: Option<Description> = serde_json::from_slice(answer.body()).ok();
        let Some(found) = found.filter(|_| answer.status().is_success()) else {
            tracing::warn!(
                status = answer.status().as_u16(),
                "the provider does not describe itself"
            );
            return Err(OidcError::Unavailable);
        };
        let addresses = [
            &found.authorization_endpoint,
            &found.token_endpoint,
            &found.jwks_uri,
        ];
        if found.issuer != *issuer || !addresses.into_iter().all(is_safe) {
            tracing::warn!(
                "the provider names another issuer than AUTH_OIDC_ISSUER, or an address without https"
            );
            return Err(OidcError::Unavailable);
        }
        Ok(found)
    }
}

/// Whether an error of the token endpoint is about the code and not about us.
fn names_the_code(body: &[u8]) -> bool {
    let answer: BTreeMap<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    answer.get("error").and_then(Value::as_str) == Some("invalid_grant")
}

/// An address that the provider has not verified could be anybody's.
fn verified_address(claims: Claims) -> Result<String, OidcError> {
    let verified = match &claims.email_verified {
        Value::Bool(verified) => *verified,
        Value::String(text) => text == "true",
        _ => false,
    };
    let words = "the provider has not verified the e-mail address";
    let refused = || OidcError::IdentityRefused(words.to_owned());
    claims.email.filter(|_| verified).ok_or_else(refused)
}
