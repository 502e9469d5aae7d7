//! What every service bolts on: settings, telemetry, lifecycle, health, error codes, the clock.
//! No product noun and no database, queue or HTTP client lives here.

pub mod admin;
pub mod clock;
pub mod code;
pub mod config;
pub mod lifecycle;
pub mod telemetry;
pub mod trace;

pub use clock::Clock;
pub use code::Code;
pub use lifecycle::Lifecycle;
