//! How often a key may still seal. A random 96-bit nonce is safe for 2^32 encryptions with one key
//! (NIST SP 800-38D, 8.3); the count is kept in the database and taken out in blocks.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a process may do before it has reserved anything; counted with the first block.
pub const HEAD_START: u64 = 256;

/// Encryptions that may still be done.
#[derive(Debug)]
pub(super) struct Budget(AtomicU64);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU64::new(HEAD_START))
    }
}

impl Budget {
    /// Uses one up; false when none is left.
    pub(super) fn take(&self) -> bool {
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        taken.is_ok()
    }

    pub(super) fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn add(&self, encryptions: u64) {
        self.0.fetch_add(encryptions, Ordering::Relaxed);
    }
}
