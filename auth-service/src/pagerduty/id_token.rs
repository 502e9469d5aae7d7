//! Who consented: PagerDuty's id_token. Tolerant about what PagerDuty is known to vary (`amr`, `sub`,
//! the issuer's form), strict about everything else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey};
use secrecy::SecretString;
use serde::Deserialize;

pub use crate::idp::id_token::IdTokenError;
use crate::{
    connection::{Account, Region},
    idp::id_token::{self, Policy},
};

/// How PagerDuty signs.
const ALGORITHMS: &[Algorithm] = &[Algorithm::RS256];

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

/// What PagerDuty adds. `amr` in its several shapes is not read.
#[derive(Deserialize)]
struct Claims {
    account_id: String,
    user_id: String,
    subdomain: String,
}

/// The id of the key that is said to have signed.
pub fn key_id(id_token: &SecretString) -> Result<String, IdTokenError> {
    id_token::key_id(id_token, ALGORITHMS)
}

/// Checks everything and tells who consented.
pub fn verify(
    id_token: &SecretString,
    key: &DecodingKey,
    expected: &Expected,
    access_token: &SecretString,
    now: Timestamp,
) -> Result<Account, IdTokenError> {
    let policy = Policy {
        algorithms: ALGORITHMS,
        issuers: &expected.issuers,
        client_id: &expected.client_id,
        // PagerDuty does not document a nonce.
        nonce: None,
        access_token,
        now,
    };
    let believed = id_token::verify::<Claims>(id_token, key, &policy)?;
    let region = region(&believed.aud, expected)?;
    let claims = believed.own;
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

/// Beside our app, `aud` holds exactly one API address.
fn region(aud: &[String], expected: &Expected) -> Result<Region, IdTokenError> {
    let mut regions = aud
        .iter()
        .filter_map(|entry| expected.api_urls.get(entry.trim_end_matches('/')));
    match (regions.next(), regions.next()) {
        (Some(region), None) => Ok(*region),
        _ => Err(IdTokenError::Audience),
    }
}
