//! A child process that does not outlive the tool, writes into a log of its own and can be waited for.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::account::Account;
use crate::console::{self, Pulse};
use crate::instance::Instance;

const POLL: Duration = Duration::from_millis(50);
/// Lines of a log that are shown when its process failed.
const LAST_LINES: usize = 20;

/// How to start one child.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) variables: Vec<(String, String)>,
    /// Somebody else to run as; only root can ask for it.
    pub(crate) account: Option<Account>,
    /// Stop with SIGINT instead of SIGTERM.
    pub(crate) interrupt: bool,
    /// Seconds between the stop signal and SIGKILL.
    pub(crate) grace: u64,
}

impl Spec {
    pub(crate) fn new(name: &'static str, program: impl Into<PathBuf>) -> Self {
        Self {
            name,
            program: program.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            account: None,
            interrupt: false,
            grace: 25,
        }
    }

    pub(crate) fn args<S: Into<String>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }
}

#[derive(Debug)]
pub(crate) struct Supervised {
    pub(crate) name: &'static str,
    guard: Child,
    /// Closing it stops the child.
    lifeline: Option<ChildStdin>,
    log: PathBuf,
    pid_file: PathBuf,
    grace: u64,
}

impl Supervised {
    pub(crate) fn start(instance: &Instance, spec: Spec) -> Result<Self> {
        let log = instance.log(spec.name);
        let pid_file = instance.pid_file(spec.name);
        let _ = std::fs::remove_file(&pid_file);
        let output =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let errors = output.try_clone()?;
        let tool = std::env::current_exe().context("cannot find this tool's own file")?;
        let mut command = Command::new(tool);
        command.args(["guard", "--grace", &spec.grace.to_string(), "--pid-file"]);
        command.arg(&pid_file);
        if spec.interrupt {
            command.arg("--interrupt");
        }
        command.arg("--");
        if let Some(account) = &spec.account {
            command.args(account.switch());
        }
        command.arg(&spec.program).args(&spec.arguments);
        command.envs(spec.variables);
        command.current_dir(&instance.data);
        command
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            .process_group(0);
        let mut guard = command
            .spawn()
            .with_context(|| format!("cannot start {}", spec.name))?;
        let lifeline = guard.stdin.take();
        Ok(Self {
            name: spec.name,
            guard,
            lifeline,
            log,
            pid_file,
            grace: spec.grace,
        })
    }

    /// The child's process id, once the guard has written it.
    pub(crate) fn pid(&self) -> Option<i32> {
        let text = std::fs::read_to_string(&self.pid_file).ok()?;
        text.split_whitespace().next()?.parse().ok()
    }

    pub(crate) fn log_text(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.guard.try_wait().ok().flatten()
    }

    /// Fails with the end of the log when the child is gone.
    pub(crate) fn check(&mut self) -> Result<()> {
        match self.exited() {
            None => Ok(()),
            Some(status) => Err(anyhow!(
                "{} ended ({status}); the last lines of {}:\n{}",
                self.name,
                self.log.display(),
                last_lines(&self.log)
            )),
        }
    }

    /// Polls until `probe` answers true.
    pub(crate) fn wait_ready(
        &mut self,
        limit: Duration,
        pulse: &mut Pulse,
        mut probe: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let started = Instant::now();
        loop {
            self.check()?;
            if probe(self) {
                return Ok(());
            }
            console::check_interrupted()?;
            if started.elapsed() > limit {
                bail!(
                    "{} is not ready after {} s; the last lines of {}:\n{}",
                    self.name,
                    limit.as_secs(),
                    self.log.display(),
                    last_lines(&self.log)
                );
            }
            pulse.beat(|| format!("waiting for {}", self.name));
            std::thread::sleep(POLL);
        }
    }

    /// Asks the child to stop, without waiting for it.
    pub(crate) fn release(&mut self) {
        self.lifeline = None;
    }

    /// Stops the child and waits until it is gone.
    pub(crate) fn stop(&mut self) {
        self.release();
        let limit = Duration::from_secs(self.grace + 5);
        let started = Instant::now();
        while self.exited().is_none() {
            if started.elapsed() > limit {
                let _ = self.guard.kill();
                let _ = self.guard.wait();
                return;
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.stop();
    }
}

/// What a message shows of a log: the first error of a compiler, else the end.
pub(crate) fn last_lines(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    excerpt(&String::from_utf8_lossy(&text))
}

fn excerpt(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let is_error = |pair: &[&str]| {
        let [first, second] = pair else {
            return false;
        };
        first.starts_with("error") && second.trim_start().starts_with("-->")
    };
    let is_failed_test = |line: &&str| line.contains(" panicked at ");
    let skip = lines
        .windows(2)
        .position(is_error)
        .or_else(|| lines.iter().position(is_failed_test))
        .unwrap_or(lines.len().saturating_sub(LAST_LINES));
    let kept: Vec<String> = lines
        .iter()
        .skip(skip)
        .take(LAST_LINES)
        .map(|line| format!("    {line}"))
        .collect();
    kept.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_compiler_error_is_shown_and_otherwise_the_end() {
        let filler = "x\n".repeat(30);
        let text = format!("{filler}error[E1]: no\n  --> a.rs:1\n{filler}");
        assert!(excerpt(&text).starts_with("    error[E1]: no\n      --> a.rs:1\n"));
        assert_eq!(
            excerpt(&format!("{filler}error: end\n")).lines().count(),
            LAST_LINES
        );
        assert!(excerpt(&format!("{filler}error: end\n")).ends_with("    error: end"));
    }
}
