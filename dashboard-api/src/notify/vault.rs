//! Keeps what destinations have to be kept secret: addresses are sealed, signing secrets are derived
//! and stored nowhere. All replicas derive the same keys.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use proto::OrgId;
use rand::Rng as _;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

const NONCE_BYTES: usize = 12;

/// Seals and opens.
#[derive(Clone)]
pub struct Vault {
    cipher: Aes256Gcm,
    signer: Hmac<Sha256>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault(***)")
    }
}

impl Vault {
    /// Derived from a secret that all replicas have.
    pub fn derive(secret: &SecretString) -> Option<Self> {
        let key = |purpose: &[u8]| {
            let mut hash = Sha256::new();
            hash.update(purpose);
            hash.update(secret.expose_secret().as_bytes());
            hash.finalize()
        };
        Some(Self {
            cipher: Aes256Gcm::new_from_slice(&key(b"quolum destinations 1")).ok()?,
            signer: <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key(b"quolum signing 1"))
                .ok()?,
        })
    }

    /// For one organization only.
    pub fn seal(&self, org: OrgId, text: &str) -> Option<Vec<u8>> {
        let mut nonce = [0_u8; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: text.as_bytes(),
            aad: org.0.as_bytes(),
        };
        let sealed = self.cipher.encrypt(&nonce.into(), payload).ok()?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        Some(bytes)
    }

    /// `None` for what was not sealed here, or for another organization.
    pub fn open(&self, org: OrgId, sealed: &[u8]) -> Option<String> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload {
            msg: sealed,
            aad: org.0.as_bytes(),
        };
        let text = self.cipher.decrypt(&(*nonce).into(), payload).ok()?;
        String::from_utf8(text).ok()
    }

    /// What signs the webhook of an organization.
    pub fn signing_secret(&self, org: OrgId, nonce: &[u8]) -> String {
        let mut signer = self.signer.clone();
        signer.update(org.0.as_bytes());
        signer.update(nonce);
        let secret = URL_SAFE_NO_PAD.encode(signer.finalize().into_bytes());
        format!("whsec_{secret}")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn an_address_opens_for_its_own_organization_only() {
        let vault = Vault::derive(&"secret".into()).expect("keys");
        let (one, other) = (OrgId(Uuid::from_u128(1)), OrgId(Uuid::from_u128(2)));
        let sealed = vault.seal(one, "https://hooks.example/x").expect("sealed");
        assert_eq!(
            vault.open(one, &sealed).as_deref(),
            Some("https://hooks.example/x")
        );
        assert_eq!(vault.open(other, &sealed), None);
        let mut flipped = sealed.clone();
        if let Some(last) = flipped.last_mut() {
            *last ^= 1;
        }
        assert_eq!(vault.open(one, &flipped), None);
        assert_eq!(vault.open(one, &[1, 2, 3]), None);
        let text = String::from_utf8_lossy(&sealed).into_owned();
        assert!(!text.contains("hooks"), "{text}");
    }

    #[test]
    fn a_signing_secret_is_made_of_organization_and_nonce() {
        let vault = Vault::derive(&"secret".into()).expect("keys");
        let secret = |org, nonce: &[u8]| vault.signing_secret(OrgId(Uuid::from_u128(org)), nonce);
        assert_eq!(secret(1, b"a"), secret(1, b"a"));
        assert_ne!(secret(1, b"a"), secret(2, b"a"));
        assert_ne!(secret(1, b"a"), secret(1, b"b"));
    }
}
