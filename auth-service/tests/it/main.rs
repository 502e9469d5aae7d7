//! auth-service as its callers see it: real PostgreSQL, the real gRPC port, the simulator as PagerDuty.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod api_keys;
mod audit;
mod begin;
mod consent;
#[allow(dead_code, reason = "shared with the tests of `grants`")]
mod harness;
mod id_token;
mod identity;
mod invitation;
mod lease;
mod mail;
mod matrix;
mod members;
mod oidc;
mod people;
mod refresh;
mod secrets;
mod smtp;
mod start;
mod tenancy;
