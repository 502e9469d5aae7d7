//! Who consented: PagerDuty's id_token, checked claim by claim with our own clock. Tolerant about what
//! PagerDuty is known to vary (`amr`, `sub`, the issuer's form), strict about everything else.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::connection::{Account, Region};

/// How far the two clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// The id_token is not one we believe. Each says which check failed, and shows no claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// No JWT, another algorithm than RS256, or no key id.
    #[error("the id_token is not a JWT signed with RS256")]
    Form,
    /// The signature does not fit, or a claim has the wrong type or is missing.
    #[error("the signature or a required claim of the id_token is missing or wrong")]
    SignatureOrClaims,
    /// Not one of the issuers we know.
    #[error("the id_token comes from an unknown issuer")]
    Issuer,
    /// Not for us, or for none or several of the known API addresses.
    #[error("the id_token is not meant for this app and one PagerDuty region")]
    Audience,
    /// Asked for by another app.
    #[error("the id_token was asked for by another app")]
    AuthorizedParty,
    /// Expired, not yet valid, or issued in the future.
    #[error("the id_token is not valid now")]
    Time,
    /// Not issued with this access token.
    #[error("the id_token belongs to another access token")]
    AccessTokenHash,
}

/// What we expect of every id_token.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Our app.
    pub client_id: String,
    /// The issuers we know, matched exactly.
    pub issuers: Vec<String>,
    /// The API addresses we know, and their regions.
    pub api_urls: BTreeMap<String, Region>,
}

/// The claims we read. Unknown ones, such as `amr` in its several shapes, are nobody's mistake.
#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Vec<String>,
    #[serde(default)]
    azp: Option<String>,
    exp: f64,
    nbf: f64,
    iat: f64,
    /// A user id in one of PagerDuty's samples, an e-mail address in the other: must be there, tells
    /// nothing.
    #[serde(rename = "sub")]
    _sub: Value,
    #[serde(default)]
    at_hash: Option<String>,
    account_id: String,
    user_id: String,
    subdomain: String,
}

/// The id of the key that is said to have signed.
pub fn key_id(id_token: &SecretString) -> Result<String, IdTokenError> {
    let header =
        jsonwebtoken::decode_header(id_token.expose_secret()).map_err(|_| IdTokenError::Form)?;
    if header.alg != Algorithm::RS256 {
        return Err(IdTokenError::Form);
    }
    header.kid.ok_or(IdTokenError::Form)
}

/// Checks everything and tells who consented.
pub fn verify(
    id_token: &SecretString,
    key: &DecodingKey,
    expected: &Expected,
    access_token: &SecretString,
    now: Timestamp,
) -> Result<Account, IdTokenError> {
    let token = id_token.expose_secret();
    let decoded = jsonwebtoken::decode::<Claims>(token, key, &signature_only());
    let claims = decoded.map_err(|_| IdTokenError::SignatureOrClaims)?.claims;
    if !expected.issuers.contains(&claims.iss) {
        return Err(IdTokenError::Issuer);
    }
    let region = region(&claims.aud, expected)?;
    if claims
        .azp
        .as_ref()
        .is_some_and(|azp| *azp != expected.client_id)
    {
        return Err(IdTokenError::AuthorizedParty);
    }
    if !is_valid_at(&claims, now) {
        return Err(IdTokenError::Time);
    }
    let hash = at_hash(access_token);
    if claims
        .at_hash
        .as_ref()
        .is_some_and(|claimed| *claimed != hash)
    {
        return Err(IdTokenError::AccessTokenHash);
    }
    let named = [&claims.account_id, &claims.user_id, &claims.subdomain];
    if named.iter().any(|name| name.is_empty()) {
        return Err(IdTokenError::SignatureOrClaims);
    }
    Ok(Account {
        id: claims.account_id,
        subdomain: claims.subdomain,
        region,
        user_id: claims.user_id,
    })
}

/// The crate checks the signature; the claims are ours to judge, with our clock.
fn signature_only() -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

/// `aud` holds our app and exactly one API address.
fn region(aud: &[String], expected: &Expected) -> Result<Region, IdTokenError> {
    let for_us = aud.contains(&expected.client_id);
    let mut regions = aud
        .iter()
        .filter_map(|entry| expected.api_urls.get(entry.trim_end_matches('/')));
    match (for_us, regions.next(), regions.next()) {
        (true, Some(region), None) => Ok(*region),
        _ => Err(IdTokenError::Audience),
    }
}

fn is_valid_at(claims: &Claims, now: Timestamp) -> bool {
    let now = now.as_second() as f64;
    let leeway = LEEWAY as f64;
    now < claims.exp + leeway && claims.nbf <= now + leeway && claims.iat <= now + leeway
}

/// The left half of the hash of the access token (OpenID Connect Core, 3.1.3.6).
fn at_hash(access_token: &SecretString) -> String {
    let hash: [u8; 32] = Sha256::digest(access_token.expose_secret().as_bytes()).into();
    let (left, _) = hash.split_at(hash.len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}
