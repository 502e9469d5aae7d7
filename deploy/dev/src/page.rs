//! Builds the web page: packages only when the lock file changed, the page only when its sources changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};

use crate::compile;
use crate::console::Journal;
use crate::instance::Instance;

const LIMIT: Duration = Duration::from_mins(15);
/// Written by npm at the end of an installation.
const INSTALLED: &str = "node_modules/.package-lock.json";

/// Brings `web/dist` up to date.
pub(crate) fn build(instance: &Instance, journal: &mut Journal) -> Result<()> {
    let web = instance.workspace.web();
    install(instance, journal)?;
    let newest = newest(&web, &["dist", "node_modules", "codegen"]);
    let built = modified(&web.join("dist/index.html"));
    if built.is_some() && built >= newest {
        return Ok(());
    }
    journal.step("build the page", |pulse| {
        compile::logged(
            npm(&web, &["run", "build"]),
            &instance.log("page"),
            pulse,
            LIMIT,
        )
    })
}

/// `npm ci`, unless what is installed is younger than the lock file.
pub(crate) fn install(instance: &Instance, journal: &mut Journal) -> Result<()> {
    let web = instance.workspace.web();
    if !web.join("package-lock.json").is_file() {
        bail!("{} has no package-lock.json", web.display());
    }
    let locked = modified(&web.join("package-lock.json"));
    if modified(&web.join(INSTALLED)) >= locked {
        return Ok(());
    }
    journal.step("install the page's packages", |pulse| {
        let command = npm(&web, &["ci", "--no-audit", "--no-fund"]);
        compile::logged(command, &instance.log("npm"), pulse, LIMIT)
    })
}

pub(crate) fn npm(web: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command
        .args(arguments)
        .current_dir(web)
        .env("CI", "true")
        .env("NO_COLOR", "1")
        .env("npm_config_update_notifier", "false");
    command
}

/// True when the page's manifest names the script.
pub(crate) fn has_script(web: &Path, name: &str) -> bool {
    fs::read_to_string(web.join("package.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
        .is_some_and(|manifest| manifest.pointer(&format!("/scripts/{name}")).is_some())
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|found| found.modified()).ok()
}

/// The youngest file below `folder`, without the folders named in `without`.
fn newest(folder: &Path, without: &[&str]) -> Option<SystemTime> {
    let mut newest = None;
    let mut open: Vec<PathBuf> = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name();
            if without.iter().any(|skipped| name == *skipped) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else {
                newest = newest.max(modified(&path));
            }
        }
    }
    newest
}
