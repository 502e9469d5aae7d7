//! Whole-system tests: real processes, real PostgreSQL, real RabbitMQ, and a PagerDuty that speaks
//! the real protocol.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests fail loudly"
)]

mod arithmetic;
mod consent;
mod later;
mod page;
mod people;
mod resilience;
mod settings;
mod trace;
mod truth;
