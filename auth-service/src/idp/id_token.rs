//! id_tokens: one verifier with our own clock, and a policy for each provider. The claims that every
//! id_token has are judged here; those of one provider are handed back to it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// How far the two clocks may be apart, in seconds.
const LEEWAY: i64 = 60;

/// The id_token is not one we believe. Each says which check failed, and shows no claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// No JWT, an algorithm that the policy does not allow, or no key id.
    #[error("the id_token is not a JWT signed as agreed")]
    Form,
    /// The signature does not fit, or a claim has the wrong type or is missing.
    #[error("the signature or a required claim of the id_token is missing or wrong")]
    SignatureOrClaims,
    /// Not one of the issuers we know.
    #[error("the id_token comes from an unknown issuer")]
    Issuer,
    /// Not for us, or not for what we need it for.
    #[error("the id_token is not meant for this app")]
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
    /// Not issued for this sign-in.
    #[error("the id_token belongs to another sign-in")]
    Nonce,
}

/// What a provider's id_tokens must be.
#[derive(Debug)]
pub struct Policy<'a> {
    /// How they may be signed.
    pub algorithms: &'static [Algorithm],
    /// Who issues them, matched exactly.
    pub issuers: &'a [String],
    /// Our app.
    pub client_id: &'a str,
    /// What we sent as nonce; `None` when the provider does not echo one.
    pub nonce: Option<&'a str>,
    /// The access token that came with it.
    pub access_token: &'a SecretString,
    /// The time.
    pub now: Timestamp,
}

/// One audience or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// The claims that every id_token has. Unknown ones are nobody's mistake.
#[derive(Deserialize)]
struct Claims<E> {
    iss: String,
    aud: Audience,
    #[serde(default)]
    azp: Option<String>,
    exp: f64,
    #[serde(default)]
    nbf: Option<f64>,
    iat: f64,
    /// Must be there; what it says differs from provider to provider.
    #[serde(rename = "sub")]
    _sub: Value,
    #[serde(default)]
    at_hash: Option<String>,
    #[serde(default)]
    nonce: Option<String>,
    #[serde(flatten)]
    own: E,
}

/// What a token that we believe says.
#[derive(Debug)]
pub struct Believed<E> {
    /// Whom it is for.
    pub aud: Vec<String>,
    /// The provider's own claims.
    pub own: E,
}

/// The id of the key that is said to have signed.
pub fn key_id(id_token: &SecretString, algorithms: &[Algorithm]) -> Result<String, IdTokenError> {
    let header =
        jsonwebtoken::decode_header(id_token.expose_secret()).map_err(|_| IdTokenError::Form)?;
    if !algorithms.contains(&header.alg) {
        return Err(IdTokenError::Form);
    }
    header.kid.ok_or(IdTokenError::Form)
}

/// Checks everything that the policy asks for and hands back the provider's own claims.
pub fn verify<E: DeserializeOwned>(
    id_token: &SecretString,
    key: &DecodingKey,
    policy: &Policy<'_>,
) -> Result<Believed<E>, IdTokenError> {
    let claims = signed::<E>(id_token, key, policy.algorithms)?;
    if !policy.issuers.contains(&claims.iss) {
        return Err(IdTokenError::Issuer);
    }
    let aud = match claims.aud {
        Audience::One(one) => vec![one],
        Audience::Several(several) => several,
    };
    let is_ours = |app: &String| *app == policy.client_id;
    if !aud.iter().any(is_ours) {
        return Err(IdTokenError::Audience);
    }
    if !claims.azp.as_ref().is_none_or(is_ours) {
        return Err(IdTokenError::AuthorizedParty);
    }
    let (now, leeway) = (policy.now.as_second() as f64, LEEWAY as f64);
    let has_begun = claims.nbf.unwrap_or(claims.iat).max(claims.iat) <= now + leeway;
    if !has_begun || now >= claims.exp + leeway {
        return Err(IdTokenError::Time);
    }
    let expected = at_hash(policy.access_token);
    if claims.at_hash.is_some_and(|claimed| claimed != expected) {
        return Err(IdTokenError::AccessTokenHash);
    }
    if policy.nonce.is_some() && claims.nonce.as_deref() != policy.nonce {
        return Err(IdTokenError::Nonce);
    }
    Ok(Believed {
        aud,
        own: claims.own,
    })
}

/// The crate checks the signature, with the algorithm that fits the key; the claims are ours to judge.
fn signed<E: DeserializeOwned>(
    id_token: &SecretString,
    key: &DecodingKey,
    algorithms: &[Algorithm],
) -> Result<Claims<E>, IdTokenError> {
    let token = id_token.expose_secret();
    let header = jsonwebtoken::decode_header(token).map_err(|_| IdTokenError::Form)?;
    if !algorithms.contains(&header.alg) {
        return Err(IdTokenError::Form);
    }
    let mut validation = Validation::new(header.alg);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode::<Claims<E>>(token, key, &validation);
    Ok(decoded.map_err(|_| IdTokenError::SignatureOrClaims)?.claims)
}

/// The left half of the hash of the access token (OpenID Connect Core, 3.1.3.6). All algorithms of our
/// policies hash with SHA-256.
fn at_hash(access_token: &SecretString) -> String {
    let hash: [u8; 32] = Sha256::digest(access_token.expose_secret().as_bytes()).into();
    let (left, _) = hash.split_at(hash.len() / 2);
    URL_SAFE_NO_PAD.encode(left)
}
