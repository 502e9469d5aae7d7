//! PagerDuty's REST API: how to ask it, how it says no, and what its answers look like. The only
//! module that knows its paths, parameters and field names; nothing here knows of runs or queues.

pub mod client;
pub mod endpoint;
pub mod failure;
pub mod model;
pub mod session;

pub use client::{Api, Call};
pub use failure::Failure;
pub use model::{Malformed, Page};
pub use session::{RetryPolicy, Session};
