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
    /// A consent's PKCE verifier.
    Verifier,
}

impl Field {
    fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::Verifier => "verifier",
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

    /// Seals a secret for one place with the active key.
    pub fn seal(&self, place: Place, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        let field = place.field.name();
        let cipher = self
            .ciphers
            .get(&self.active)
            .ok_or_else(|| VaultError::UnknownKey(self.active.clone()))?;
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
mod tests {
    use super::*;

    fn ring(ids: &[&str]) -> String {
        let keys = ids.iter().map(|id| generate_key(id).expect("a fit id"));
        keys.map(|key| key.expose_secret().to_owned())
            .collect::<Vec<_>>()
            .join(",")
    }

    fn place(org: u128, row: u128, field: Field) -> Place {
        Place {
            org: OrgId(Uuid::from_u128(org)),
            row: Uuid::from_u128(row),
            field,
        }
    }

    #[test]
    fn a_sealed_value_opens_in_its_place_only() {
        let vault: Vault = ring(&["a"]).parse().expect("a ring");
        let home = place(1, 2, Field::AccessToken);
        let sealed = vault.seal(home, &"pdus+_secret".into()).expect("sealed");
        assert_eq!(
            vault.open(home, &sealed).expect("opened").expose_secret(),
            "pdus+_secret"
        );
        for elsewhere in [
            place(9, 2, Field::AccessToken),
            place(1, 9, Field::AccessToken),
            place(1, 2, Field::RefreshToken),
        ] {
            let error = vault.open(elsewhere, &sealed).expect_err("a moved value");
            assert!(matches!(error, VaultError::Refused(_)), "{error}");
        }
    }

    #[test]
    fn any_flipped_bit_is_noticed() {
        let vault: Vault = ring(&["k1", "k2"]).parse().expect("a ring");
        let home = place(1, 2, Field::RefreshToken);
        let sealed = vault.seal(home, &"secret".into()).expect("sealed");
        for index in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[index / 8] ^= 1 << (index % 8);
            assert!(vault.open(home, &flipped).is_err(), "bit {index}");
        }
        for length in 0..sealed.len() {
            assert!(
                vault.open(home, &sealed[..length]).is_err(),
                "length {length}"
            );
        }
    }

    #[test]
    fn renaming_the_key_of_a_row_does_not_open_it() {
        let key = ring(&["a"]);
        let twin = key.replacen("a:", "b:", 1);
        let vault: Vault = format!("{key},{twin}")
            .parse()
            .expect("one key under two ids");
        let home = place(1, 2, Field::Verifier);
        let mut sealed = vault.seal(home, &"secret".into()).expect("sealed");
        sealed[1] = b'b';
        assert!(matches!(
            vault.open(home, &sealed),
            Err(VaultError::Refused(_))
        ));
    }

    #[test]
    fn the_first_key_seals_and_older_keys_still_open() {
        let (old, new) = (ring(&["old"]), ring(&["new"]));
        let before: Vault = old.parse().expect("a ring");
        let after: Vault = format!("{new},{old}").parse().expect("a ring");
        let home = place(1, 2, Field::AccessToken);
        let sealed = before.seal(home, &"secret".into()).expect("sealed");
        assert!(after.open(home, &sealed).is_ok());
        let resealed = after.seal(home, &"secret".into()).expect("sealed");
        let error = before
            .open(home, &resealed)
            .expect_err("sealed with the new key");
        assert_eq!(
            error.to_string(),
            "the vault key `new` is not in AUTH_VAULT_KEYS"
        );
    }

    #[test]
    fn a_nonce_is_never_used_twice() {
        let vault: Vault = ring(&["a"]).parse().expect("a ring");
        let home = place(1, 2, Field::AccessToken);
        let mut seen = std::collections::HashSet::new();
        for _ in 0..1_000 {
            let sealed = vault.seal(home, &"secret".into()).expect("sealed");
            assert!(seen.insert(sealed[2..2 + NONCE_BYTES].to_vec()));
        }
    }

    #[test]
    fn a_bad_ring_names_the_entry_and_never_the_key() {
        let parse = |text: &str| text.parse::<Vault>().map(drop).expect_err("a bad ring");
        assert_eq!(parse(" , "), KeyRingError::Empty);
        assert_eq!(parse("justakey"), KeyRingError::Entry(1));
        assert_eq!(parse("a b:AAAA"), KeyRingError::Entry(1));
        assert_eq!(parse("a:AAAA"), KeyRingError::Key("a".into()));
        let key = ring(&["a"]);
        assert_eq!(
            parse(&format!("{key},{key}")),
            KeyRingError::Repeated("a".into())
        );
        let shown = format!("{:?}", key.parse::<Vault>().expect("a ring"));
        assert_eq!(shown, "Vault { active: \"a\", keys: 1, .. }");
    }
}
