//! Facts to answers.
//!
//! | module | what it knows |
//! |---|---|
//! | `config`, `cli`, `service` | settings, commands, how the parts are put together |
//! | `message`, `consumer`, `parked` | the queue: decoding, batches, retries, parked messages |
//! | `catalogue`, `verdict`, `seat`, `duty`, `usage`, `coverage`, `window`, `percent` | the rules, pure |
//! | `crunch` | facts to generations |
//! | `store` | PostgreSQL |
//! | `notify` | news by webhook, Slack and mail |
//! | `http`, `peers`, `generations` | browsers, the two other services, news of generations |

pub mod catalogue;
pub mod cli;
pub mod config;
pub mod consumer;
pub mod coverage;
pub mod crunch;
pub mod duty;
pub mod evidence_bundle;
pub mod generations;
pub mod history;
pub mod http;
pub mod message;
pub mod metrics;
pub mod money;
pub mod notify;
pub mod parked;
pub mod peers;
pub mod percent;
pub mod rebuild;
pub mod recommendation;
pub mod seat;
pub mod service;
pub mod store;
pub mod structure;
pub mod upkeep;
pub mod usage;
pub mod verdict;
pub mod window;

pub use config::Config;
pub use service::Service;
