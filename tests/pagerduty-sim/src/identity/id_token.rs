//! The `id_token`, with all claims of PagerDuty's samples and, on demand, with one of them wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::app::{App, AppKind};
use super::key::Key;
use super::store::Issued;
use crate::account::Account;
use crate::state::BaseUrl;

/// What both of PagerDuty's samples print, though its text says `identity.`
pub const APP_ISSUER: &str = "https://app.pagerduty.com/global/oauth/anonymous";
const LIFETIME_SECONDS: i64 = 3_600;

/// How `id_token`s are issued. All but the first three must be refused by a client; another account only on reconnect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdTokenMode {
    /// As documented: issuer at the identity address, `amr` a string.
    #[default]
    Normal,
    /// The issuer of the samples, `https://app.pagerduty.com/…`.
    AppIssuer,
    /// `amr` as a list.
    AmrList,
    /// An issuer nobody knows.
    #[serde(alias = "wrong_iss")]
    WrongIssuer,
    /// `aud` names another app.
    #[serde(alias = "wrong_aud")]
    WrongAudience,
    /// No `aud`.
    NoAud,
    /// `azp` names another app.
    #[serde(alias = "azp_mismatch")]
    WrongAzp,
    /// Expired an hour ago.
    Expired,
    /// Not valid before an hour from now.
    #[serde(alias = "not_yet_valid")]
    FutureNbf,
    /// A signature that does not fit.
    BadSignature,
    /// A `kid` that is not in the key set.
    UnknownKid,
    /// `alg: none`, no signature.
    AlgNone,
    /// HMAC with the public key as secret.
    #[serde(alias = "hs256_public_key")]
    Hs256,
    /// The hash of another access token.
    WrongAtHash,
    /// No `sub`.
    NoSub,
    /// No `exp`.
    NoExp,
    /// No `iat`.
    NoIat,
    /// `aud` without the address of an API.
    NoApiAudience,
    /// Issued in the future.
    FutureIat,
    /// The account is another one than that which consented.
    OtherAccount,
    /// Not a token at all.
    Garbage,
}

/// What a token is made from.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The address of the identity service and the APIs.
    pub base: &'a BaseUrl,
    /// The account of the consent.
    pub account: &'a Account,
    /// The app.
    pub app: &'a App,
    /// The tokens issued with it.
    pub issued: &'a Issued,
    /// The simulator's time.
    pub now: Timestamp,
}

/// Makes the token.
pub fn issue(key: &Key, facts: &Facts<'_>, mode: IdTokenMode) -> String {
    if mode == IdTokenMode::Garbage {
        return "this.is-not.a-token".to_owned();
    }
    let claims = spoil(claims(facts), facts, mode);
    let kid = if mode == IdTokenMode::UnknownKid {
        "unknown-key"
    } else {
        key.kid.as_str()
    };
    let header = |alg: &str| part(&json!({"alg": alg, "kid": kid, "x5t": kid, "typ": "JWT"}));
    match mode {
        IdTokenMode::AlgNone => format!("{}.{}.", header("none"), part(&claims)),
        IdTokenMode::Hs256 => {
            let secret = EncodingKey::from_secret(key.public_pem.as_bytes());
            signed(
                &format!("{}.{}", header("HS256"), part(&claims)),
                &secret,
                Algorithm::HS256,
            )
        }
        IdTokenMode::BadSignature => {
            let message = format!("{}.{}", header("RS256"), part(&claims));
            let other = signed(&format!("{message}x"), &key.encoding, Algorithm::RS256);
            let signature = other.rsplit('.').next().unwrap_or_default();
            format!("{message}.{signature}")
        }
        _ => signed(
            &format!("{}.{}", header("RS256"), part(&claims)),
            &key.encoding,
            Algorithm::RS256,
        ),
    }
}

fn claims(facts: &Facts<'_>) -> Value {
    let Facts {
        base,
        account,
        app,
        issued,
        now,
    } = *facts;
    let seconds = now.as_second();
    let user_id = issued.owner.user_id.as_deref().unwrap_or_default();
    // In one of PagerDuty's samples `sub` is a user id, in the other an e-mail address.
    let sub = match app.kind {
        AppKind::Classic => user_id,
        AppKind::Scoped => account.admin.email.as_str(),
    };
    json!({
        "iss": base.issuer(),
        "aud": [base.api(account.region), app.client_id],
        "azp": app.client_id,
        "sub": sub,
        "exp": seconds + LIFETIME_SECONDS,
        "nbf": seconds,
        "iat": seconds,
        "auth_time": seconds,
        "jti": Uuid::new_v4().to_string(),
        "sid": Uuid::new_v4().to_string(),
        "purpose": "id",
        "at_hash": at_hash(&issued.access_token),
        "acr": "urn:se:curity:authentication:html-form:identity",
        "amr": "urn:se:curity:authentication:html-form:identity",
        "delegation_id": issued.grant,
        "account_id": account.id,
        "user_id": user_id,
        "subdomain": account.subdomain,
        "region": account.region.claim(),
        "product_abilities": account.abilities(),
    })
}

fn spoil(mut claims: Value, facts: &Facts<'_>, mode: IdTokenMode) -> Value {
    let seconds = facts.now.as_second();
    match mode {
        IdTokenMode::AppIssuer => claims["iss"] = APP_ISSUER.into(),
        IdTokenMode::AmrList => claims["amr"] = json!(["pwd", "mfa"]),
        IdTokenMode::WrongIssuer => {
            claims["iss"] = "https://identity.elsewhere.example/global/oauth/anonymous".into();
        }
        IdTokenMode::WrongAudience => {
            claims["aud"] = json!([facts.base.api(facts.account.region), "another-app"]);
        }
        IdTokenMode::WrongAzp => claims["azp"] = "another-app".into(),
        IdTokenMode::Expired => {
            for (claim, at) in [
                ("exp", -3_600),
                ("iat", -7_200),
                ("nbf", -7_200),
                ("auth_time", -7_200),
            ] {
                claims[claim] = (seconds + at).into();
            }
        }
        IdTokenMode::NoApiAudience => claims["aud"] = json!([facts.app.client_id]),
        IdTokenMode::FutureIat => claims["iat"] = (seconds + 3_600).into(),
        IdTokenMode::OtherAccount => {
            claims["account_id"] = "PELSE01".into();
            claims["subdomain"] = "elsewhere".into();
        }
        IdTokenMode::FutureNbf => claims["nbf"] = (seconds + 3_600).into(),
        IdTokenMode::WrongAtHash => claims["at_hash"] = at_hash("another access token").into(),
        _ => {}
    }
    let left_out = match mode {
        IdTokenMode::NoAud => "aud",
        IdTokenMode::NoSub => "sub",
        IdTokenMode::NoExp => "exp",
        IdTokenMode::NoIat => "iat",
        _ => return claims,
    };
    if let Some(claims) = claims.as_object_mut() {
        claims.remove(left_out);
    }
    claims
}

/// The left half of SHA-256 of the access token (OpenID Connect Core, 3.1.3.6).
fn at_hash(access_token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(access_token.as_bytes())[..16])
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(message: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm)
        .expect("the key fits the algorithm");
    format!("{message}.{signature}")
}
