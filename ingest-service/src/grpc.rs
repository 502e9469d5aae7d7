//! `quolum.ingest.v1` for dashboard-api: parse, ask the domain, render.

mod access;
mod capability;
mod control;
mod render;
mod sync;
mod webhook;

pub(crate) use access::CALLERS;
pub(crate) use sync::SyncApi;
