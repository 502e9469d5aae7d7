//! The RSA key that signs `id_token`s. One is made per process when first needed; rotation makes another.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::Value;
use sha2::{Digest, Sha256};

static FIRST: OnceLock<Arc<Key>> = OnceLock::new();

/// A key with its public half.
pub struct Key {
    /// Names it in the header and in the key set.
    pub kid: String,
    /// For the signature.
    pub encoding: EncodingKey,
    /// The public half as PEM, for the attack that signs with it.
    pub public_pem: String,
    /// The public half as an entry of the key set.
    pub jwk: Value,
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Key")
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

impl Key {
    fn generate() -> Self {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
            .expect("an RSA key can be made");
        let public_pem = pair.public_key_pem();
        let kid = URL_SAFE_NO_PAD.encode(&Sha256::digest(public_pem.as_bytes())[..20]);
        let encoding = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes())
            .expect("the key just made is readable");
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256)
            .expect("an RSA key has a public half");
        let mut jwk = serde_json::to_value(jwk).expect("a key is JSON");
        jwk["kid"] = kid.as_str().into();
        jwk["x5t"] = kid.as_str().into();
        jwk["use"] = "sig".into();
        Self {
            kid,
            encoding,
            public_pem,
            jwk,
        }
    }
}

/// The key in use.
#[derive(Debug, Default)]
pub struct SigningKey {
    current: Mutex<Option<Arc<Key>>>,
}

impl SigningKey {
    /// The key that signs now.
    pub fn current(&self) -> Arc<Key> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        current
            .get_or_insert_with(|| FIRST.get_or_init(|| Arc::new(Key::generate())).clone())
            .clone()
    }

    /// Makes another key.
    pub fn rotate(&self) {
        let key = Arc::new(Key::generate());
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }
}
