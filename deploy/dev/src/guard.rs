//! The hidden `guard` command: holds one child and ends it when the tool ends, however the tool ends.
//!
//! The tool keeps the other end of our standard input. When it is closed, by intent or because the tool was
//! killed, the child gets its stop signal and, after the grace period, SIGKILL for its whole process group.

use std::io::Read as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::procfs;

const POLL: Duration = Duration::from_millis(50);

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Gets the child's process id and start time.
    #[arg(long)]
    pid_file: PathBuf,
    /// Stop with SIGINT (PostgreSQL's fast stop) instead of SIGTERM.
    #[arg(long)]
    interrupt: bool,
    /// Seconds between the stop signal and SIGKILL.
    #[arg(long, default_value_t = 25)]
    grace: u64,
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    let Some((program, arguments)) = options.command.split_first() else {
        return ExitCode::FAILURE;
    };
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn();
    match child {
        Ok(child) => hold(child, options),
        Err(error) => {
            eprintln!("cannot start {program}: {error}");
            ExitCode::from(127)
        }
    }
}

fn hold(mut child: Child, options: &Options) -> ExitCode {
    let pid = child.id().cast_signed();
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        let _ = signal_hook::flag::register(signal, Arc::clone(&stop));
    }
    let written = std::fs::write(
        &options.pid_file,
        format!("{pid} {}\n", procfs::start_time(pid).unwrap_or(0)),
    );
    if let Err(error) = written {
        eprintln!("cannot write {}: {error}", options.pid_file.display());
        stop.store(true, Ordering::Relaxed);
    }
    let closed = Arc::clone(&stop);
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        closed.store(true, Ordering::Relaxed);
    });
    let status = wait(&mut child, pid, &stop, options);
    let _ = std::fs::remove_file(&options.pid_file);
    exit_code(status)
}

fn wait(child: &mut Child, pid: i32, stop: &AtomicBool, options: &Options) -> Option<ExitStatus> {
    let pid = Pid::from_raw(pid)?;
    let mut stopping: Option<Instant> = None;
    loop {
        if let Ok(Some(status)) = child.try_wait() {
            // Helpers of the child, such as Erlang's port programs, go with it.
            let _ = kill_process_group(pid, Signal::KILL);
            return Some(status);
        }
        match stopping {
            None if stop.load(Ordering::Relaxed) => {
                let signal = if options.interrupt {
                    Signal::INT
                } else {
                    Signal::TERM
                };
                let _ = kill_process(pid, signal);
                stopping = Some(Instant::now());
            }
            Some(since) if since.elapsed() > Duration::from_secs(options.grace) => {
                let _ = kill_process_group(pid, Signal::KILL);
                return child.wait().ok();
            }
            _ => {}
        }
        std::thread::sleep(POLL);
    }
}

fn exit_code(status: Option<ExitStatus>) -> ExitCode {
    let Some(status) = status else {
        return ExitCode::FAILURE;
    };
    let code = status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or(0));
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
