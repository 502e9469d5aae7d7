//! Sealing what other services have to keep, such as a webhook's secret. Each connection has a key of
//! its own, which never leaves this service: rotating vault keys touches nothing outside, and
//! destroying the connection's key destroys everything sealed with it.
//!
//! A sealed value is `1 ‖ 16 bytes of the key's id ‖ 12-byte nonce ‖ ciphertext and tag`.

use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use chassis::Clock;
use proto::{ConnectionId, OrgId};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use uuid::Uuid;

use crate::{
    store::{Store, StoreError, connection, keys},
    vault::{Field, Place, Vault, VaultError},
};

const VERSION: u8 = 1;
const ID_BYTES: usize = 16;
const NONCE_BYTES: usize = 12;
/// Longest secret; they are passwords, not files.
const LIMIT: usize = 64 * 1024;
/// A field is a short word.
const FIELD_LIMIT: usize = 64;

/// A secret cannot be sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum KeepingError {
    /// No such connection in the organization.
    #[error("the organization has no such connection")]
    NotFound,
    /// The field is no word, or the secret too long.
    #[error("{0}")]
    Invalid(&'static str),
    /// Sealed for another place, changed, or with a key that is gone.
    #[error("the sealed value does not open in this place, or its key is gone")]
    Refused,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a secret belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Belongs<'a> {
    /// The organization.
    pub org: OrgId,
    /// The connection.
    pub connection: ConnectionId,
    /// For example `webhook_secret`.
    pub field: &'a str,
}

impl Belongs<'_> {
    fn check(&self) -> Result<(), KeepingError> {
        let fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
        let is_word = (1..=FIELD_LIMIT).contains(&self.field.len()) && self.field.bytes().all(fit);
        is_word.then_some(()).ok_or(KeepingError::Invalid(
            "field must be 1 to 64 of a-z, 0-9 and _",
        ))
    }

    fn associated_data(&self, key: Uuid) -> Vec<u8> {
        let mut data = b"quolum/keeping/1\0".to_vec();
        data.extend_from_slice(self.org.0.as_bytes());
        data.extend_from_slice(self.connection.0.as_bytes());
        data.extend_from_slice(key.as_bytes());
        data.extend_from_slice(self.field.as_bytes());
        data
    }

    fn place(&self) -> Place {
        Place {
            org: self.org,
            row: self.connection.0,
            field: Field::ConnectionKey,
        }
    }
}

/// Seals and opens.
#[derive(Debug, Clone)]
pub struct Keeper {
    /// The database.
    pub store: Store,
    /// Seals the connections' keys.
    pub vault: Vault,
    /// The time.
    pub clock: Clock,
}

impl Keeper {
    /// Seals a secret for its place.
    pub async fn seal(
        &self,
        belongs: Belongs<'_>,
        secret: &SecretSlice<u8>,
    ) -> Result<Vec<u8>, KeepingError> {
        belongs.check()?;
        if secret.expose_secret().len() > LIMIT {
            return Err(KeepingError::Invalid("the secret is longer than 64 KiB"));
        }
        let (id, cipher) = match self.find(&belongs).await? {
            Some(found) => found,
            None => self.make(&belongs).await?,
        };
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload {
            msg: secret.expose_secret(),
            aad: &belongs.associated_data(id),
        };
        let text = cipher
            .encrypt(&nonce.into(), payload)
            .map_err(|_| KeepingError::Refused)?;
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(id.as_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens what was sealed for this very place.
    pub async fn open(
        &self,
        belongs: Belongs<'_>,
        sealed: &[u8],
    ) -> Result<SecretSlice<u8>, KeepingError> {
        belongs.check()?;
        let parts = parts(sealed).ok_or(KeepingError::Refused)?;
        let (id, cipher) = self.find(&belongs).await?.ok_or(KeepingError::Refused)?;
        if id != parts.key {
            return Err(KeepingError::Refused);
        }
        let payload = Payload {
            msg: parts.text,
            aad: &belongs.associated_data(id),
        };
        let opened = cipher.decrypt(&parts.nonce.into(), payload);
        opened.map(Into::into).map_err(|_| KeepingError::Refused)
    }

    async fn find(&self, belongs: &Belongs<'_>) -> Result<Option<(Uuid, Aes256Gcm)>, KeepingError> {
        let mut tx = self.store.tenant(belongs.org).await?;
        let known = connection::find(&mut tx, belongs.org, belongs.connection).await?;
        known.ok_or(KeepingError::NotFound)?;
        let found = keys::find_connection_key(&mut tx, belongs.org, belongs.connection.0).await?;
        let Some((id, sealed)) = found else {
            return Ok(None);
        };
        let key = self.vault.open(belongs.place(), &sealed)?;
        Ok(Some((id, cipher(&key)?)))
    }

    async fn make(&self, belongs: &Belongs<'_>) -> Result<(Uuid, Aes256Gcm), KeepingError> {
        let key: [u8; 32] = rand::random();
        let key = SecretString::from(STANDARD.encode(key));
        let sealed = self.vault.seal(belongs.place(), &key)?;
        let owner = (belongs.org, belongs.connection.0);
        let mut tx = self.store.tenant(belongs.org).await?;
        let new = (Uuid::now_v7(), sealed.as_slice());
        keys::insert_connection_key(&mut tx, owner, new, self.clock.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        // Somebody else may have been faster.
        self.find(belongs).await?.ok_or(KeepingError::Refused)
    }
}

fn cipher(key: &SecretString) -> Result<Aes256Gcm, KeepingError> {
    let bytes = STANDARD
        .decode(key.expose_secret())
        .map_err(|_| KeepingError::Refused)?;
    Aes256Gcm::new_from_slice(&bytes).map_err(|_| KeepingError::Refused)
}

struct Parts<'a> {
    key: Uuid,
    nonce: [u8; NONCE_BYTES],
    text: &'a [u8],
}

fn parts(sealed: &[u8]) -> Option<Parts<'_>> {
    let (version, rest) = sealed.split_first()?;
    let (key, rest) = rest.split_first_chunk::<ID_BYTES>()?;
    let (nonce, text) = rest.split_first_chunk::<NONCE_BYTES>()?;
    (*version == VERSION).then_some(Parts {
        key: Uuid::from_bytes(*key),
        nonce: *nonce,
        text,
    })
}
