//! News for people and programs: what is told, and how it is delivered by webhook, Slack and mail.
//! News wait in an outbox until they are delivered or given up.

pub mod address;
mod courier;
mod vault;
mod worker;

use rand::Rng as _;

pub use self::{courier::Courier, vault::Vault, worker::Notifier};

/// Names a signing secret that is stored nowhere; see [`Vault::signing_secret`].
pub fn fresh_nonce() -> Vec<u8> {
    let mut nonce = [0_u8; 16];
    rand::rng().fill_bytes(&mut nonce);
    nonce.to_vec()
}
