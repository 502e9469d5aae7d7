//! Starts the whole system as real processes on a real PostgreSQL and RabbitMQ, with the simulator
//! in the place of PagerDuty, and acts as a browser does. The tests are in `tests/it`.
//!
//! Needs `DATABASE_URL` (a superuser's), `TEST_AMQP_URL`, and the services' binaries beside the
//! test's own; `cargo dev test` provides all three.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test harness fails loudly and reads its own environment"
)]

pub mod browser;
pub mod process;
pub mod stack;
pub mod system;
pub mod truth;

pub use browser::Browser;
pub use system::{Options, System};
