//! What every service bolts on: settings, telemetry, lifecycle, health, error codes, TLS, the clock.
//! No product noun and no database, queue or HTTP client lives here.

pub mod admin;
pub mod caller;
pub mod clock;
pub mod code;
pub mod config;
pub mod health;
pub mod lifecycle;
pub mod telemetry;
pub mod tls;
pub mod trace;

pub use clock::Clock;
pub use code::Code;
pub use lifecycle::Lifecycle;
