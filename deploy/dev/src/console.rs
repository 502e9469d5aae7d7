//! What the person sees while the tool works: one line per step, a sign of life in long ones.
//!
//! It goes to standard error; standard output is for results.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// Silence longer than this gets a line.
const FIRST_SIGN: Duration = Duration::from_secs(2);
const NEXT_SIGN: Duration = Duration::from_secs(10);

static INTERRUPTED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Turns Ctrl-C and SIGTERM into a flag; a second signal ends the tool at once (its guards then stop the children).
pub(crate) fn watch_signals() -> Result<()> {
    let flag = INTERRUPTED.get_or_init(Arc::default);
    for signal in [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(flag))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(flag)))
            .context("cannot watch signals")?;
    }
    Ok(())
}

pub(crate) fn is_interrupted() -> bool {
    INTERRUPTED
        .get()
        .is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Fails when the person pressed Ctrl-C: every waiting loop calls it.
pub(crate) fn check_interrupted() -> Result<()> {
    if is_interrupted() {
        bail!("interrupted");
    }
    Ok(())
}

/// The steps of one run, with their wall times.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) steps: Vec<(String, Duration)>,
}

impl Journal {
    /// Runs one step and prints its wall time when it took part of the person's patience.
    pub(crate) fn step<T>(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Pulse) -> Result<T>,
    ) -> Result<T> {
        check_interrupted()?;
        let mut pulse = Pulse::new(name);
        let outcome = work(&mut pulse);
        let took = pulse.started.elapsed();
        self.steps.push((name.to_owned(), took));
        match &outcome {
            Ok(_) => eprintln!("  ok  {name:<44} {}", seconds(took)),
            Err(_) => eprintln!("  --  {name:<44} {} failed", seconds(took)),
        }
        outcome.with_context(|| name.to_owned())
    }
}

/// Sign of life of one long step.
#[derive(Debug)]
pub(crate) struct Pulse {
    name: String,
    started: Instant,
    next: Duration,
}

impl Pulse {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            started: Instant::now(),
            next: FIRST_SIGN,
        }
    }

    /// Called often; prints rarely. `detail` is asked for only when a line is due.
    pub(crate) fn beat(&mut self, detail: impl FnOnce() -> String) {
        let elapsed = self.started.elapsed();
        if elapsed < self.next {
            return;
        }
        self.next = elapsed + NEXT_SIGN;
        let detail = detail();
        let gap = if detail.is_empty() { "" } else { ": " };
        eprintln!("  ..  {} ({}){gap}{detail}", self.name, seconds(elapsed));
    }

    /// Prints now, because something changed that the person waits for.
    pub(crate) fn tell(&mut self, detail: &str) {
        let elapsed = self.started.elapsed();
        self.next = elapsed + NEXT_SIGN;
        eprintln!("  ..  {} ({}): {detail}", self.name, seconds(elapsed));
    }
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
