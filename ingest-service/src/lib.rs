//! PagerDuty to facts: leases a connection, asks PagerDuty for what a run needs, publishes it with
//! confirms, and keeps the checkpoint. Knows PagerDuty's shapes and nothing of features or seats.

mod change;
pub mod cli;
mod config;
pub mod coverage;
pub mod credential;
pub mod dataset;
mod grpc;
mod http;
pub mod lease;
mod metrics;
pub mod pagerduty;
pub mod probe;
pub mod publisher;
pub mod rate;
pub mod registrar;
pub mod run;
pub mod scheduler;
mod service;
pub mod store;
pub mod visit;
pub mod webhook;
pub mod window;

pub use change::Changes;
pub use config::Config;
pub use service::{Addrs, Service, migrate};
