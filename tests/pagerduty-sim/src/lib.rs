//! A faithful PagerDuty for tests and development: OAuth, REST, limits, faults, and the truth to compare with.
//!
//! Another product's behavior is played here, from its documentation; no code of our services is used, so that the
//! numbers computed by `truth` are an independent second opinion.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a simulator is a test tool: failing loudly beats carrying on wrongly"
)]

pub mod account;
pub mod caller;
pub mod clock;
pub mod control;
pub mod faults;
pub mod identity;
pub mod ledger;
pub mod options;
pub mod rate_limit;
pub mod rest;
pub mod server;
pub mod state;
pub mod tls;
pub mod truth;
pub mod webhooks;
pub mod world;

mod authentication;
mod simulator;

pub use options::Options;
pub use simulator::Simulator;
