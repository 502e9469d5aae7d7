//! `cargo dev down` and `cargo dev reset`: ends what an earlier start left behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process};

use crate::console::Pulse;
use crate::instance::{Instance, Workspace};
use crate::procfs;

/// Everybody drains within 25 s.
const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(100);

pub(crate) fn run() -> Result<ExitCode> {
    let state = Workspace::find()?.state();
    let stopped = stop_all(&state)?;
    println!("{stopped} processes stopped");
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn reset() -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let (state, data) = (workspace.state(), workspace.data());
    let stopped = stop_all(&state)?;
    for folder in [&data, &state] {
        if folder.exists() {
            fs::remove_dir_all(folder)
                .with_context(|| format!("cannot delete {}", folder.display()))?;
        }
    }
    println!("{stopped} processes stopped, data deleted");
    Ok(ExitCode::SUCCESS)
}

/// Before a start: nobody of an earlier one may still hold the data directories.
pub(crate) fn end_stale(instance: &Instance) {
    end(&recorded(&instance.state.join("run")));
}

/// Asks running tools to stop, then ends whatever is left.
fn stop_all(state: &Path) -> Result<usize> {
    let runs: Vec<PathBuf> = ["", "test", "bench", "prepare"]
        .iter()
        .map(|name| state.join(name).join("run"))
        .collect();
    let children: Vec<Child> = runs.iter().flat_map(|run| recorded(run)).collect();
    for run in &runs {
        stop_tool(run)?;
    }
    end(&children);
    Ok(children.len())
}

/// A child that an earlier start recorded.
#[derive(Debug)]
struct Child {
    pid: Pid,
    started: u64,
    file: PathBuf,
}

impl Child {
    /// Process ids come back: only the same start time means the same process.
    fn lives(&self) -> bool {
        procfs::start_time(self.pid.as_raw_nonzero().get()) == Some(self.started)
    }
}

fn recorded(run: &Path) -> Vec<Child> {
    let entries = fs::read_dir(run).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .filter(|file| file.extension().is_some_and(|kind| kind == "pid"))
        .filter_map(|file| {
            let text = fs::read_to_string(&file).ok()?;
            let (pid, started) = parse(&text)?;
            Some(Child { pid, started, file })
        })
        .collect()
}

fn parse(text: &str) -> Option<(Pid, u64)> {
    let mut words = text.split_whitespace();
    let pid = Pid::from_raw(words.next()?.parse().ok()?)?;
    Some((pid, words.next()?.parse().ok()?))
}

/// Stop signal for all, patience, then SIGKILL.
fn end(children: &[Child]) {
    for child in children.iter().filter(|child| child.lives()) {
        let _ = kill_process(child.pid, Signal::TERM);
        let is_postgres = child.file.ends_with("postgres.pid");
        if is_postgres {
            // SIGTERM waits for the clients to go, SIGINT does not.
            let _ = kill_process(child.pid, Signal::INT);
        }
    }
    let started = Instant::now();
    let mut pulse = Pulse::new("stop what is left of an earlier start");
    while children.iter().any(Child::lives) && started.elapsed() < PATIENCE {
        pulse.beat(String::new);
        std::thread::sleep(POLL);
    }
    for child in children {
        if child.lives() {
            let _ = kill_process_group(child.pid, Signal::KILL);
        }
        let _ = fs::remove_file(&child.file);
    }
}

/// Asks the tool that holds the lock of an instance to stop, and waits for it.
fn stop_tool(run: &Path) -> Result<()> {
    let path = run.join("lock");
    let Ok(file) = fs::File::options().write(true).open(&path) else {
        return Ok(());
    };
    if file.try_lock().is_ok() {
        return Ok(());
    }
    let pid = fs::read_to_string(&path)
        .ok()
        .and_then(|text| Pid::from_raw(text.trim().parse().ok()?))
        .context("a running tool did not leave its process id")?;
    let _ = kill_process(pid, Signal::TERM);
    let started = Instant::now();
    while test_kill_process(pid).is_ok() && file.try_lock().is_err() {
        if started.elapsed() > PATIENCE + PATIENCE {
            bail!("process {} does not stop", pid.as_raw_nonzero());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_needs_an_id_and_a_start_time() {
        let (pid, started) = parse("42 9000\n").unwrap();
        assert_eq!((pid.as_raw_nonzero().get(), started), (42, 9000));
        assert!(parse("42\n").is_none());
        assert!(parse("0 1\n").is_none());
    }

    #[test]
    fn a_process_with_another_start_time_is_somebody_else() {
        let own = std::process::id().cast_signed();
        let child = |started| Child {
            pid: Pid::from_raw(own).unwrap(),
            started,
            file: PathBuf::new(),
        };
        assert!(child(procfs::start_time(own).unwrap()).lives());
        assert!(!child(1).lives());
    }
}
