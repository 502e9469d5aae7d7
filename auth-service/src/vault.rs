//! Sealing secrets for the database: AES-256-GCM with a fresh nonce, the id of the key in each row,
//! and associated data that binds a sealed value to its place, so that a value copied into another
//! row, another column or another organization does not open.
//!
//! A sealed value is `length of key id ‖ key id ‖ 12-byte nonce ‖ ciphertext and tag`.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use proto::OrgId;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

mod budget;

use budget::Budget;
pub use budget::HEAD_START;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
/// A key id is a short word: `[A-Za-z0-9_-]{1,32}`.
const KEY_ID_LIMIT: usize = 32;

/// Where a sealed value lives; opening it anywhere else fails.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// The organization.
    pub org: OrgId,
    /// The row: a connection or a consent.
    pub row: Uuid,
    /// Which secret of the row.
    pub field: Field,
}

/// The kinds of sealed values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A grant's access token.
    AccessToken,
    /// A grant's refresh token.
    RefreshToken,
    /// The refresh token before the current one.
    PreviousRefreshToken,
    /// A consent's PKCE verifier.
    Verifier,
    /// The key that seals what other services keep for a connection.
    ConnectionKey,
}

impl Field {
    /// As the associated data names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::PreviousRefreshToken => "previous_refresh_token",
            Self::Verifier => "verifier",
            Self::ConnectionKey => "connection_key",
        }
    }
}

impl Place {
    /// Every part has a fixed length or a separator that cannot occur in it.
    fn associated_data(&self, key_id: &str) -> Vec<u8> {
        let mut data = Vec::with_capacity(96);
        data.extend_from_slice(b"quolum/vault/1\0");
        data.extend_from_slice(self.org.0.as_bytes());
        data.extend_from_slice(self.row.as_bytes());
        data.extend_from_slice(self.field.name().as_bytes());
        data.push(0);
        data.extend_from_slice(key_id.as_bytes());
        data
    }
}

/// A value cannot be sealed or opened. Says nothing about the value.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The sealed bytes are no sealed value.
    #[error("the sealed {0} is malformed")]
    Malformed(&'static str),
    /// The key it was sealed with is not in the ring.
    #[error("the vault key `{0}` is not in AUTH_VAULT_KEYS")]
    UnknownKey(String),
    /// The active key may not seal anything more.
    #[error(
        "the vault key `{0}` has sealed as often as it may; put a new key first in AUTH_VAULT_KEYS"
    )]
    WornOut(String),
    /// Changed, moved from another place, or sealed with another key of the same id.
    #[error("the sealed {0} does not open in this place")]
    Refused(&'static str),
}

/// The text of `AUTH_VAULT_KEYS` makes no key ring.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key at all.
    #[error("holds no key; write `id:base64 of 32 bytes`, see `keys generate`")]
    Empty,
    /// An entry without a colon, or an unfit id. The entry itself is not shown: it may be a key.
    #[error(
        "entry {0} is not `id:base64 of 32 bytes` with an id of 1 to 32 letters, digits, - or _"
    )]
    Entry(usize),
    /// The key's text is no base64 of 32 bytes.
    #[error("the key `{0}` is not the base64 of 32 bytes")]
    Key(String),
    /// The same id twice.
    #[error("the key id `{0}` occurs twice")]
    Repeated(String),
}

/// The keys in force. The first one seals; all open.
#[derive(Clone)]
pub struct Vault {
    active: String,
    ciphers: Arc<BTreeMap<String, Aes256Gcm>>,
    budget: Arc<Budget>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("active", &self.active)
            .field("keys", &self.ciphers.len())
            .finish_non_exhaustive()
    }
}

impl FromStr for Vault {
    type Err = KeyRingError;

    /// Reads `id:base64,id:base64`.
    fn from_str(text: &str) -> Result<Self, KeyRingError> {
        let mut ciphers = BTreeMap::new();
        let mut active = None;
        let entries = text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty());
        for (index, entry) in entries.enumerate() {
            let (id, key) = entry
                .split_once(':')
                .ok_or(KeyRingError::Entry(index + 1))?;
            if !is_key_id(id) {
                return Err(KeyRingError::Entry(index + 1));
            }
            let cipher = cipher(key).ok_or_else(|| KeyRingError::Key(id.to_owned()))?;
            if ciphers.insert(id.to_owned(), cipher).is_some() {
                return Err(KeyRingError::Repeated(id.to_owned()));
            }
            active.get_or_insert_with(|| id.to_owned());
        }
        Ok(Self {
            active: active.ok_or(KeyRingError::Empty)?,
            ciphers: Arc::new(ciphers),
            budget: Arc::default(),
        })
    }
}

fn is_key_id(id: &str) -> bool {
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=KEY_ID_LIMIT).contains(&id.len()) && id.bytes().all(fit)
}

fn cipher(key: &str) -> Option<Aes256Gcm> {
    let bytes = STANDARD.decode(key.trim()).ok()?;
    (bytes.len() == KEY_BYTES).then_some(())?;
    Aes256Gcm::new_from_slice(&bytes).ok()
}

/// A new entry for `AUTH_VAULT_KEYS`.
pub fn generate_key(id: &str) -> Result<SecretString, KeyRingError> {
    if !is_key_id(id) {
        return Err(KeyRingError::Entry(1));
    }
    let key: [u8; KEY_BYTES] = rand::random();
    Ok(format!("{id}:{}", STANDARD.encode(key)).into())
}

impl Vault {
    /// Whether a value sealed with this key could be opened.
    pub fn has_key(&self, id: &str) -> bool {
        self.ciphers.contains_key(id)
    }

    /// The id of the key that seals.
    pub fn active(&self) -> &str {
        &self.active
    }

    /// The ids of all keys, in alphabetical order.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.ciphers.keys().map(String::as_str)
    }

    /// The key that a sealed value names.
    pub fn key_of(sealed: &[u8]) -> Option<&str> {
        let (length, rest) = sealed.split_first()?;
        let (id, _) = rest.split_at_checked(usize::from(*length))?;
        std::str::from_utf8(id).ok().filter(|id| is_key_id(id))
    }

    /// How many encryptions the active key may still do before more have to be reserved.
    pub fn left(&self) -> u64 {
        self.budget.left()
    }

    /// Allows the active key more encryptions, once they are counted in the database.
    pub fn allow(&self, encryptions: u64) {
        self.budget.add(encryptions);
    }

    /// Seals a secret for one place with the active key.
    pub fn seal(&self, place: Place, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        let field = place.field.name();
        let cipher = self
            .ciphers
            .get(&self.active)
            .ok_or_else(|| VaultError::UnknownKey(self.active.clone()))?;
        if !self.budget.take() {
            return Err(VaultError::WornOut(self.active.clone()));
        }
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: secret.expose_secret().as_bytes(),
            aad: &place.associated_data(&self.active),
        };
        let sealed = cipher
            .encrypt(&nonce.into(), payload)
            .map_err(|_| VaultError::Refused(field))?;
        let id_length =
            u8::try_from(self.active.len()).map_err(|_| VaultError::Malformed(field))?;
        let mut row = Vec::with_capacity(1 + self.active.len() + NONCE_BYTES + sealed.len());
        row.push(id_length);
        row.extend_from_slice(self.active.as_bytes());
        row.extend_from_slice(&nonce);
        row.extend_from_slice(&sealed);
        Ok(row)
    }

    /// Opens what was sealed for this very place.
    pub fn open(&self, place: Place, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let field = place.field.name();
        let malformed = || VaultError::Malformed(field);
        let (id_length, rest) = sealed.split_first().ok_or_else(malformed)?;
        let (id, rest) = rest
            .split_at_checked(usize::from(*id_length))
            .ok_or_else(malformed)?;
        let id = std::str::from_utf8(id)
            .ok()
            .filter(|id| is_key_id(id))
            .ok_or_else(malformed)?;
        let (nonce, ciphertext) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(malformed)?;
        let cipher = self
            .ciphers
            .get(id)
            .ok_or_else(|| VaultError::UnknownKey(id.to_owned()))?;
        let payload = Payload {
            msg: ciphertext,
            aad: &place.associated_data(id),
        };
        let opened = cipher
            .decrypt(&(*nonce).into(), payload)
            .map_err(|_| VaultError::Refused(field))?;
        let text = String::from_utf8(opened).map_err(|_| malformed())?;
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests;
