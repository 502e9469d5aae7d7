//! dashboard-api against a real PostgreSQL and a real RabbitMQ. auth-service and ingest-service are
//! played at the gRPC border.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "these helpers are tests too"
)]

mod account;
mod api;
mod house;
mod matrix;
mod members;
mod peers;
mod queue;
mod rollups;
mod settings;
mod store;
