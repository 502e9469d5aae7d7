//! The life of vault keys: reserving encryptions, sealing everything anew with the active key while
//! the service runs, and telling which key is still needed.

use chassis::Clock;
use jiff::Timestamp;

use crate::{
    store::{
        Store, StoreError,
        keys::{self, SEALED, Sealed},
    },
    vault::{Place, Vault, VaultError},
};

/// How often one key may seal (NIST SP 800-38D, 8.3, for random nonces).
pub const LIMIT: i64 = 1 << 32;
/// Encryptions reserved at a time: a restart wastes at most so many, 65,536 restarts wear a key out.
pub const BLOCK: i64 = 1 << 16;
/// Values sealed anew in one transaction.
const BATCH: i64 = 100;

/// Keys cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A value that cannot be opened stays as it is.
    #[error("a value of `{0}` cannot be sealed anew")]
    Value(&'static str, #[source] VaultError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One key, as `keys list` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// The key.
    pub id: String,
    /// It seals.
    pub is_active: bool,
    /// It is in the ring.
    pub is_present: bool,
    /// Values that only it can open.
    pub values: i64,
    /// Encryptions counted, in blocks.
    pub encryptions: i64,
}

/// Reserves a block when half of the last one is used up. Answers false when the key is worn out.
pub async fn replenish(store: &Store, vault: &Vault, now: Timestamp) -> Result<bool, StoreError> {
    let wanted = u64::try_from(BLOCK).unwrap_or_default();
    if vault.left() >= wanted / 2 {
        return Ok(true);
    }
    let mut tx = store.all_organizations().await?;
    // The head start of a new process is counted too: nothing is sealed uncounted.
    let count = BLOCK + crate::vault::HEAD_START as i64;
    let reserved = keys::reserve(&mut tx, vault.active(), (count, LIMIT), now).await?;
    tx.commit().await?;
    if reserved {
        vault.allow(wanted);
    } else {
        tracing::error!(
            key = vault.active(),
            "a vault key is worn out; put a new key first in AUTH_VAULT_KEYS and run `auth-service keys rotate`"
        );
    }
    Ok(reserved)
}

/// Seals every value anew that another key than the active one has sealed. Batches are transactions:
/// whatever stops it, the next run goes on where it stopped. Values that somebody is just writing are
/// waited for.
pub async fn rotate(store: &Store, vault: &Vault, clock: &Clock) -> Result<u64, KeysError> {
    let mut done = 0;
    for column in SEALED {
        loop {
            replenish(store, vault, clock.now()).await?;
            let sealed = batch(store, vault, column).await?;
            done += sealed;
            if sealed == 0 {
                if is_clean(store, vault, column).await? {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
    Ok(done)
}

async fn batch(store: &Store, vault: &Vault, column: Sealed) -> Result<u64, KeysError> {
    let field = column.field.name();
    let mut tx = store.all_organizations().await?;
    let values = keys::stale(&mut tx, column, vault.active(), BATCH).await?;
    let mut done = 0;
    for value in values {
        let place = Place {
            org: value.org(),
            row: value.row_id,
            field: column.field,
        };
        let anew = vault
            .open(place, &value.sealed)
            .and_then(|secret| vault.seal(place, &secret))
            .map_err(|error| KeysError::Value(field, error))?;
        keys::replace(&mut tx, column, &value, &anew).await?;
        done += 1;
    }
    tx.commit().await.map_err(StoreError::from)?;
    Ok(done)
}

async fn is_clean(store: &Store, vault: &Vault, column: Sealed) -> Result<bool, StoreError> {
    let mut tx = store.all_organizations().await?;
    let counts = keys::counts(&mut tx, column).await?;
    Ok(counts.iter().all(|(key, _)| key == vault.active()))
}

/// Every key that is in the ring, in use, or has ever been counted.
pub async fn list(store: &Store, vault: &Vault) -> Result<Vec<KeyUse>, StoreError> {
    let mut tx = store.all_organizations().await?;
    let mut uses: std::collections::BTreeMap<String, KeyUse> = std::collections::BTreeMap::new();
    let mut note = |id: &str, values: i64, encryptions: i64| {
        let entry = uses.entry(id.to_owned()).or_insert_with(|| KeyUse {
            id: id.to_owned(),
            is_active: id == vault.active(),
            is_present: vault.has_key(id),
            values: 0,
            encryptions: 0,
        });
        entry.values += values;
        entry.encryptions += encryptions;
    };
    for id in vault.key_ids() {
        note(id, 0, 0);
    }
    for column in SEALED {
        for (id, values) in keys::counts(&mut tx, column).await? {
            note(&id, values, 0);
        }
    }
    for (id, encryptions) in keys::reserved(&mut tx).await? {
        note(&id, 0, encryptions);
    }
    Ok(uses.into_values().collect())
}

/// The keys that stored values need and the ring lacks.
pub async fn missing(store: &Store, vault: &Vault) -> Result<Vec<String>, StoreError> {
    let uses = list(store, vault).await?;
    let needed = uses
        .into_iter()
        .filter(|key| key.values > 0 && !key.is_present);
    Ok(needed.map(|key| key.id).collect())
}
