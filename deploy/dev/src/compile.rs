//! Runs other tools to their end: cargo, npm, apt. Their output goes to a log, a sign of life to the person.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::console::{self, Pulse};
use crate::environment;
use crate::instance::{Instance, Workspace};
use crate::supervised::last_lines;

const POLL: Duration = Duration::from_millis(50);
/// Seconds that a stopped build or test run has to end its own children.
const GRACE: &str = "10";
/// Two cores compile everything from nothing well within this.
pub(crate) const BUILD_LIMIT: Duration = Duration::from_hours(1);

/// Runs a command with its output in `log`; fails with the end of the log.
pub(crate) fn logged(
    command: Command,
    log: &Path,
    pulse: &mut Pulse,
    limit: Duration,
) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = watched(command, log, pulse, limit)?;
    if !status.success() {
        bail!(
            "{program} failed ({status}); the last lines of {}:\n{}",
            log.display(),
            last_lines(log)
        );
    }
    Ok(())
}

/// Runs a command with its output in `log`, whatever its outcome; a guard ends it when this tool is gone.
pub(crate) fn watched(
    command: Command,
    log: &Path,
    pulse: &mut Pulse,
    limit: Duration,
) -> Result<ExitStatus> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    let errors = output.try_clone()?;
    let mut guard = guarded(&command, &pid_file(log))?
        .stdin(Stdio::piped())
        .stdout(output)
        .stderr(errors)
        // Ctrl-C reaches this tool alone, which then ends the command.
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    let lifeline = guard.stdin.take();
    let started = Instant::now();
    let problem = loop {
        if let Some(status) = guard.try_wait()? {
            return Ok(status);
        }
        if console::is_interrupted() {
            break "interrupted".to_owned();
        }
        if started.elapsed() > limit {
            break format!("{program} ran longer than {} s", limit.as_secs());
        }
        pulse.beat(|| last_line(log));
        std::thread::sleep(POLL);
    };
    drop(lifeline);
    guard.wait()?;
    bail!(problem)
}

/// The same command, started by a guard.
fn guarded(command: &Command, pid_file: &Path) -> Result<Command> {
    let tool = std::env::current_exe().context("cannot find this tool's own file")?;
    let mut guard = Command::new(tool);
    guard.args(["guard", "--grace", GRACE, "--pid-file"]);
    guard.arg(pid_file).arg("--").arg(command.get_program());
    guard.args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => guard.env(name, value),
            None => guard.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        guard.current_dir(folder);
    }
    Ok(guard)
}

/// `logs/build.log` is the log of the process in `run/build.pid`.
fn pid_file(log: &Path) -> PathBuf {
    let name = log.with_extension("pid");
    let name = name.file_name().unwrap_or_default();
    let state = log.ancestors().nth(2).unwrap_or(Path::new("."));
    state.join("run").join(name)
}

/// The last words of a running program, short enough for one line.
fn last_line(log: &Path) -> String {
    let mut tail = Vec::new();
    if let Ok(mut file) = File::open(log) {
        let length = file.metadata().map_or(0, |found| found.len());
        let _ = file.seek(SeekFrom::Start(length.saturating_sub(2000)));
        let _ = file.read_to_end(&mut tail);
    }
    let text = String::from_utf8_lossy(&tail).into_owned();
    let line = text
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty());
    line.unwrap_or_default().chars().take(90).collect()
}

/// A cargo command in the workspace that compiles without a database.
pub(crate) fn cargo(workspace: &Workspace, arguments: &[&str]) -> Command {
    let program = environment::var("CARGO").unwrap_or_else(|| "cargo".to_owned());
    let mut command = Command::new(program);
    environment::clean_for_cargo(&mut command);
    command
        .args(arguments)
        .current_dir(&workspace.root)
        .env("SQLX_OFFLINE", "true")
        .env("CARGO_TERM_COLOR", "never");
    command
}

/// Builds what `up`, `prepare` and `bench` start.
pub(crate) fn services(instance: &Instance, pulse: &mut Pulse, release: bool) -> Result<()> {
    let mut arguments = vec!["build"];
    for package in [
        "auth-service",
        "ingest-service",
        "dashboard-api",
        "pagerduty-sim",
    ] {
        arguments.extend(["-p", package]);
    }
    if release {
        arguments.push("--release");
    }
    let command = cargo(&instance.workspace, &arguments);
    logged(command, &instance.log("build"), pulse, BUILD_LIMIT)
}
