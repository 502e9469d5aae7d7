//! `quolum.ingest.v1` for dashboard-api: parse, ask the domain, render.

mod render;
mod sync;

pub(crate) use sync::SyncApi;
