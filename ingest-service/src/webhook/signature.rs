//! PagerDuty's signature: `v1=<hex of HMAC-SHA256 over the raw body>`, several while a secret is
//! being exchanged, and perhaps of versions that do not exist yet.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// More than this nobody needs while exchanging a secret.
const MOST: usize = 16;
const VERSION: &str = "v1=";

/// Whether one of the signatures is that of the body. Each comparison takes the same time, however
/// much of it fits.
pub fn is_authentic(secret: &SecretString, signatures: &str, body: &[u8]) -> bool {
    let Ok(keyed) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else {
        return false;
    };
    let keyed = keyed.chain_update(body);
    let given = signatures.split(',').take(MOST).map(str::trim);
    let mut given = given.filter_map(|one| hex::decode(one.strip_prefix(VERSION)?).ok());
    given.any(|signature| keyed.clone().verify_slice(&signature).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"event":{"id":"01"}}"#;
    /// Of [`BODY`] under `secret`.
    fn right() -> String {
        let keyed = Hmac::<Sha256>::new_from_slice(b"secret").expect("a key");
        let code = keyed.chain_update(BODY).finalize().into_bytes();
        format!("v1={}", hex::encode(code))
    }

    fn accepted(signatures: &str) -> bool {
        is_authentic(&SecretString::from("secret"), signatures, BODY)
    }

    #[test]
    fn one_right_signature_among_several_is_enough() {
        let (right, wrong) = (right(), format!("v1={}", "00".repeat(32)));
        assert!(accepted(&right));
        assert!(accepted(&format!("{wrong},{right}")));
        assert!(accepted(&format!(" {right} , {wrong} ")));
        assert!(accepted(&format!("v2=abc,{right}")));
    }

    #[test]
    fn nothing_else_is_accepted() {
        let right = right();
        let other_version = right.replace("v1", "v2");
        let cut_off = right.get(..66).expect("long enough");
        let upper_version = right.replace("v1", "V1");
        for signatures in [
            "",
            "v1=",
            "v1=zz",
            ",",
            &other_version,
            cut_off,
            &upper_version,
        ] {
            assert!(!accepted(signatures), "{signatures}");
        }
        assert!(!is_authentic(&SecretString::from("another"), &right, BODY));
        assert!(!is_authentic(&SecretString::from("secret"), &right, b"{}"));
    }
}
