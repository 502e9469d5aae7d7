//! ingest-service against a real database, a real broker and the simulated PagerDuty.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests fail loudly, and tests stand outside of the service's own tasks"
)]

mod broker;
mod collected;
mod control;
mod crash;
mod decode;
mod dependency;
mod endless;
mod examples;
mod faults;
mod first_sync;
mod fleet;
mod harness;
mod later_sync;
mod probe;
mod resume;
mod service;
mod speed;
mod subscription;
mod tenancy;
mod volume;
mod webhook;
