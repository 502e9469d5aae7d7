//! The keys that sign id_tokens, cached by their id. A provider may rotate them at any time, so an
//! unknown id fetches again, but at most once a minute: the id comes from outside.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{
    DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse},
};
use oauth2::{HttpRequest, http::header::ACCEPT};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::http::Http;

/// An unknown key id fetches at most this often.
const FETCH_AGAIN: SignedDuration = SignedDuration::from_mins(1);
/// A key that the provider has withdrawn is trusted no longer than this.
const KEPT: SignedDuration = SignedDuration::from_hours(1);

/// The key cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The provider publishes no such key.
    #[error("the id_token names a key that its issuer does not publish")]
    Unknown,
    /// The key set could not be fetched.
    #[error("the issuer's keys cannot be fetched")]
    Unavailable,
}

/// The published keys.
#[derive(Debug)]
pub struct Jwks {
    url: String,
    http: Http,
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    keys: HashMap<String, DecodingKey>,
    fetched_at: Option<Timestamp>,
}

impl Jwks {
    /// Of PagerDuty's identity service.
    pub fn new(identity: &Url, http: Http) -> Self {
        let base = identity.as_str().trim_end_matches('/');
        Self::at(format!("{base}/global/oauth/anonymous/jwks"), http)
    }

    /// Published at this address. Fetches nothing yet.
    pub fn at(url: String, http: Http) -> Self {
        Self {
            url,
            http,
            cache: Mutex::default(),
        }
    }

    /// The key of this id. Callers wait for each other, so that one fetch serves all.
    pub async fn key(&self, kid: &str, now: Timestamp) -> Result<DecodingKey, KeyError> {
        let mut cache = self.cache.lock().await;
        let age = cache.fetched_at.map(|at| now.duration_since(at));
        let is_fresh = age.is_some_and(|age| age < KEPT);
        if let Some(key) = cache.keys.get(kid).filter(|_| is_fresh) {
            return Ok(key.clone());
        }
        if age.is_some_and(|age| age < FETCH_AGAIN) {
            return Err(KeyError::Unknown);
        }
        cache.keys = self.fetch().await?;
        cache.fetched_at = Some(now);
        cache.keys.get(kid).cloned().ok_or(KeyError::Unknown)
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, KeyError> {
        let mut request = HttpRequest::new(Vec::new());
        *request.uri_mut() = self.url.parse().map_err(|_| KeyError::Unavailable)?;
        let json = oauth2::http::HeaderValue::from_static("application/json");
        request.headers_mut().insert(ACCEPT, json);
        let answer = self
            .http
            .call(request)
            .await
            .map_err(|_| KeyError::Unavailable)?;
        if !answer.status().is_success() {
            return Err(KeyError::Unavailable);
        }
        let set: KeySet =
            serde_json::from_slice(answer.body()).map_err(|_| KeyError::Unavailable)?;
        Ok(set.keys.into_iter().filter_map(usable).collect())
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// Keys for RS256 and ES256 signatures; anything else in the set is nobody's mistake.
fn usable(key: Value) -> Option<(String, DecodingKey)> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    let fits_use = matches!(
        key.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let fits_algorithm = match (&key.algorithm, key.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => true,
        (AlgorithmParameters::EllipticCurve(curve), None | Some(KeyAlgorithm::ES256)) => {
            curve.curve == EllipticCurve::P256
        }
        _ => false,
    };
    if !(fits_use && fits_algorithm) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    Some((key.common.key_id?, decoding))
}
