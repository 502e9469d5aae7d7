//! Cursors: opaque, signed, and good only for the organization, question and generation that they
//! were made for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use proto::OrgId;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::users::Position;

type Signature = Hmac<Sha256>;
const SIGNATURE_BYTES: usize = 32;

/// Signs cursors. All replicas derive the same key.
#[derive(Clone)]
pub struct CursorKey(Signature);

impl std::fmt::Debug for CursorKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CursorKey(***)")
    }
}

/// What a cursor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub(super) generation: i64,
    pub(super) after: Position,
}

impl CursorKey {
    /// Derived from a secret that all replicas have.
    pub fn derive(secret: &SecretString) -> Option<Self> {
        let mut hash = Sha256::new();
        hash.update(b"quolum cursor 1");
        hash.update(secret.expose_secret().as_bytes());
        Signature::new_from_slice(&hash.finalize()).ok().map(Self)
    }

    fn sign(&self, org: OrgId, question: &str, body: &[u8]) -> Signature {
        let mut signature = self.0.clone();
        signature.update(org.0.as_bytes());
        signature.update(&(question.len() as u64).to_be_bytes());
        signature.update(question.as_bytes());
        signature.update(body);
        signature
    }

    /// A value that only this key's owner can make, the same each time.
    pub(super) fn mark(&self, parts: &[&[u8]]) -> [u8; SIGNATURE_BYTES] {
        let mut signature = self.0.clone();
        for part in parts {
            signature.update(&(part.len() as u64).to_be_bytes());
            signature.update(part);
        }
        signature.finalize().into_bytes().into()
    }

    /// A cursor that counts rows.
    pub(super) fn seal_number(
        &self,
        org: OrgId,
        question: &str,
        generation: i64,
        number: i64,
    ) -> Option<String> {
        let after = Position {
            text: String::new(),
            number,
            user: String::new(),
            connection: uuid::Uuid::nil(),
        };
        self.seal(org, question, &Cursor { generation, after })
    }

    /// `question` is everything that decides which rows come in which order.
    pub(super) fn seal(&self, org: OrgId, question: &str, cursor: &Cursor) -> Option<String> {
        let body = serde_json::to_vec(cursor).ok()?;
        let mut bytes = self
            .sign(org, question, &body)
            .finalize()
            .into_bytes()
            .to_vec();
        bytes.extend_from_slice(&body);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// `None` for a cursor that this key has not made for this organization and question.
    pub(super) fn open(&self, org: OrgId, question: &str, text: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (signature, body) = bytes.split_at_checked(SIGNATURE_BYTES)?;
        self.sign(org, question, body)
            .verify_slice(signature)
            .ok()?;
        serde_json::from_slice(body).ok()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_cursor_opens_only_for_its_own_organization_and_question() {
        let key = CursorKey::derive(&"secret".into()).expect("a key");
        let other_key = CursorKey::derive(&"other".into()).expect("a key");
        let org = OrgId(Uuid::from_u128(1));
        let cursor = Cursor {
            generation: 7,
            after: Position {
                text: "ada".to_owned(),
                number: 0,
                user: "PU1".to_owned(),
                connection: Uuid::nil(),
            },
        };
        let sealed = key.seal(org, "sort=name", &cursor).expect("seals");
        assert_eq!(key.open(org, "sort=name", &sealed), Some(cursor));
        assert_eq!(key.open(org, "sort=email", &sealed), None);
        assert_eq!(
            key.open(OrgId(Uuid::from_u128(2)), "sort=name", &sealed),
            None
        );
        assert_eq!(other_key.open(org, "sort=name", &sealed), None);
        let flipped = format!("{}A", &sealed[..sealed.len() - 1]);
        assert_eq!(key.open(org, "sort=name", &flipped), None);
        assert_eq!(key.open(org, "sort=name", "nonsense"), None);
    }
}
