//! The only reader of this process's environment.
//!
//! The services read their own settings; what is read here decides what the tool has to start itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// A variable that is set and not empty.
#[allow(
    clippy::disallowed_methods,
    reason = "the tool has no chassis; this is its only read"
)]
pub(crate) fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Folders of the search path.
#[allow(
    clippy::disallowed_methods,
    reason = "the tool has no chassis; this is its only read"
)]
pub(crate) fn search_path() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/usr/bin:/bin"));
    std::env::split_paths(&path).collect()
}

/// True when the person points a service at PagerDuty itself.
pub(crate) fn has_real_pagerduty() -> bool {
    std::env::vars_os().any(|(name, _)| {
        let name = name.to_string_lossy();
        name.starts_with("AUTH_PAGERDUTY_") || name.starts_with("INGEST_PAGERDUTY_")
    })
}

/// Takes away what `cargo run` set for this tool, so that a nested cargo sees what a shell would give it,
/// and what a shell may have set for the query macros.
pub(crate) fn clean_for_cargo(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        if ours || text.starts_with("SQLX_OFFLINE") || text == "LD_LIBRARY_PATH" {
            command.env_remove(&name);
        }
    }
}

/// This moment: the services get it from their own clock, the tool only measures the age of what they answer.
#[allow(
    clippy::disallowed_methods,
    reason = "the tool has no chassis; this is its only read"
)]
pub(crate) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
