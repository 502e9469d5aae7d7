//! Grants under fire: certificates, races, outages, killed processes, rotated keys, and every kind of
//! access. Beside `it` because these tests start processes and fill the machine.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on fails"
)]

mod attacks;
mod certificates;
mod crash;
#[path = "../it/harness.rs"]
#[allow(dead_code, reason = "shared with the tests of `it`")]
mod harness;
mod keys;
mod kinds;
mod leaks;
mod outage;
mod process;
mod race;
mod tls;
mod warnings;
