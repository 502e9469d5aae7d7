//! Opaque tokens: 256 random bits that the holder shows and of which we keep only the hash. State,
//! session, sign-in link and browser binding are of this kind.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

/// SHA-256 of an opaque token. 256 random bits need no salt and no slow hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpaqueHash([u8; 32]);

impl OpaqueHash {
    /// The hash of what somebody presented.
    pub fn of(presented: &str) -> Self {
        Self(Sha256::digest(presented.as_bytes()).into())
    }

    /// In hexadecimal digits, for names.
    pub fn to_hex(self) -> String {
        self.0
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
    }

    /// As the database keeps it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A new token, 43 characters fit for URLs and cookies.
pub fn generate() -> SecretString {
    let bits: [u8; 32] = rand::random();
    URL_SAFE_NO_PAD.encode(bits).into()
}

/// The hash of a token just generated.
pub fn hash(token: &SecretString) -> OpaqueHash {
    OpaqueHash::of(token.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_hold_256_bits_and_never_repeat() {
        let (one, two) = (generate(), generate());
        assert_eq!(one.expose_secret().len(), 43);
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert_eq!(hash(&one), OpaqueHash::of(one.expose_secret()));
    }
}
