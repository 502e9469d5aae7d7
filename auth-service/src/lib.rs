//! auth-service: who may do what, and the vault.
//!
//! | module | holds |
//! |---|---|
//! | `config`, `cli`, `service`, `metrics` | settings, commands, wiring, instruments |
//! | `identity` | organizations, people, sign-in links, sessions |
//! | `consent`, `return_to`, `scope` | the OAuth round trip and its rules |
//! | `connection` | what is connected, and how it ends |
//! | `grant`, `refresh`, `refresh_ahead`, `lease` | token pairs: refreshed once, lent shortly |
//! | `vault`, `opaque` | secrets sealed, secrets hashed |
//! | `pagerduty` | PagerDuty's identity service |
//! | `store` | SQL |
//! | `grpc` | the services |

pub mod cli;
pub mod config;
pub mod connection;
pub mod consent;
pub mod grant;
pub mod grpc;
pub mod identity;
pub mod lease;
pub mod metrics;
pub mod opaque;
pub mod pagerduty;
pub mod refresh;
pub mod refresh_ahead;
pub mod return_to;
pub mod scope;
pub mod service;
pub mod store;
pub mod vault;

pub use config::Config;
pub use service::Service;
