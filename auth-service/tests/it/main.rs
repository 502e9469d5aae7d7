//! auth-service as its callers see it: real PostgreSQL, the real gRPC port, the simulator as PagerDuty.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod begin;
mod consent;
mod harness;
mod id_token;
mod identity;
mod lease;
mod refresh;
mod secrets;
mod start;
mod tenancy;
