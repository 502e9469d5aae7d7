//! One service as a child process: its environment, its log, its readiness, its death.

use std::{
    collections::BTreeMap,
    fs::File,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Longest time a service has to get ready; the promise is 5 s, the rest is for a busy machine.
const READY_LIMIT: Duration = Duration::from_secs(30);
/// Time between two looks at something that will happen.
pub const LOOK: Duration = Duration::from_millis(50);

/// A running service. Killed when dropped.
#[derive(Debug)]
pub struct Service {
    name: &'static str,
    environment: BTreeMap<String, String>,
    admin: SocketAddr,
    log: PathBuf,
    child: Option<Child>,
}

/// An address nobody listens on right now.
pub fn free_addr() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address")
}

/// The path of a binary of this workspace, built into the same folder as the test.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let folder = test.ancestors().nth(2).expect("target/debug");
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is missing: `cargo build -p {name}` first",
        path.display()
    );
    path
}

impl Service {
    /// Describes a service; `environment` has its settings, `admin` its admin port.
    pub fn new(
        name: &'static str,
        environment: BTreeMap<String, String>,
        admin: SocketAddr,
        folder: &std::path::Path,
    ) -> Self {
        let log = folder.join(format!("{name}.log"));
        Self {
            name,
            environment,
            admin,
            log,
            child: None,
        }
    }

    /// Runs a subcommand to its end and answers what it printed.
    pub fn command(&self, arguments: &[&str]) -> String {
        let output = self.prepared(arguments).output().expect("the command runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "{} {arguments:?} failed: {error}",
            self.name
        );
        String::from_utf8(output.stdout)
            .expect("text")
            .trim()
            .to_owned()
    }

    /// Sets one more variable for the next start.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Starts it and does not wait.
    pub fn spawn(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .expect("a log file");
        let mut command = self.prepared(&["serve"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.child = Some(command.spawn().expect("the service starts"));
    }

    /// Waits until `/readyz` says 200.
    pub async fn ready(&mut self) {
        let client = reqwest::Client::new();
        let url = format!("http://{}/readyz", self.admin);
        let end = Instant::now() + READY_LIMIT;
        loop {
            let answer = client.get(&url).send().await;
            if answer
                .as_ref()
                .is_ok_and(|answer| answer.status().is_success())
            {
                return;
            }
            if let Some(status) = self
                .child
                .as_mut()
                .and_then(|child| child.try_wait().expect("status"))
            {
                panic!("{} ended with {status}:\n{}", self.name, self.log_tail());
            }
            assert!(
                Instant::now() < end,
                "{} is not ready:\n{}",
                self.name,
                self.log_tail()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("reaped");
        }
    }

    /// SIGTERM, and waits for the exit code.
    pub async fn terminate(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("it runs");
        let pid = child.id().to_string();
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .expect("signaled");
        loop {
            if let Some(status) = child.try_wait().expect("status") {
                return status.code();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Resident memory in MiB.
    pub fn resident_mib(&self) -> f64 {
        let pid = self.child.as_ref().expect("it runs").id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("readable");
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .expect("VmRSS");
        let kib: f64 = line
            .split_whitespace()
            .nth(1)
            .and_then(|n| n.parse().ok())
            .expect("kB");
        kib / 1024.0
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }

    fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary(self.name));
        command.args(arguments).env_clear().envs(&self.environment);
        command
            .env("RUST_BACKTRACE", "1")
            .env("PATH", "/usr/bin:/bin");
        command
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}
