//! Starting, supervising and stopping tasks. A task that dies takes the process down gracefully
//! with a failing exit code; the first signal drains, the second exits at once.

use std::{
    fmt::Display,
    future::Future,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Longest time from the first signal to the exit. Kubernetes grants 30 s.
pub const DRAIN_LIMIT: Duration = Duration::from_secs(25);

/// The process's tasks and its wish to stop.
#[derive(Debug, Clone, Default)]
pub struct Lifecycle {
    stopping: CancellationToken,
    tasks: TaskTracker,
    failed: Arc<AtomicBool>,
}

impl Lifecycle {
    /// With no tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process should stop. Tasks finish what they hold and return.
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Runs a task until it returns. An error, a panic, or a return before the process stops is a
    /// failure of the whole process.
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that spawns"
    )]
    pub fn spawn<E: Display + Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        let lifecycle = self.clone();
        let handle = tokio::spawn(self.tasks.track_future(task));
        self.tasks.spawn(async move {
            let early = |stopping: &CancellationToken| !stopping.is_cancelled();
            match handle.await {
                Ok(Ok(())) if early(&lifecycle.stopping) => {
                    lifecycle.fail(name, &"returned before the process was asked to stop");
                }
                Ok(Ok(())) => tracing::debug!(task = name, "task finished"),
                Ok(Err(error)) => lifecycle.fail(name, &error),
                Err(error) => lifecycle.fail(name, &error),
            }
        });
    }

    /// Runs work that may end at any time, such as one job or one connection; it is drained on
    /// shutdown but its end is no failure of the process.
    pub fn spawn_job(&self, job: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(job);
    }

    fn fail(&self, name: &'static str, error: &dyn Display) {
        tracing::error!(task = name, %error, "task died, stopping the process");
        self.failed.store(true, Ordering::SeqCst);
        self.stopping.cancel();
    }

    /// Asks everything to stop, as a signal would.
    pub fn stop(&self) {
        self.stopping.cancel();
    }

    /// Waits for a stop and then for the tasks, at most [`DRAIN_LIMIT`]. Answers whether all went
    /// well.
    pub async fn drained(&self) -> bool {
        self.stopping.cancelled().await;
        self.tasks.close();
        let in_time = tokio::time::timeout(DRAIN_LIMIT, self.tasks.wait())
            .await
            .is_ok();
        if !in_time {
            tracing::error!(
                left = self.tasks.len(),
                "tasks did not finish within the drain limit"
            );
        }
        in_time && !self.failed.load(Ordering::SeqCst)
    }

    /// Serves until SIGTERM or SIGINT (or until a task dies), drains, and answers the exit code.
    pub async fn run(self) -> std::io::Result<ExitCode> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM, draining"),
            _ = interrupt.recv() => tracing::info!("SIGINT, draining"),
            () = self.stopping.cancelled() => {}
        }
        self.stopping.cancel();
        tokio::select! {
            well = self.drained() => Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
            _ = terminate.recv() => Ok(ExitCode::FAILURE),
            _ = interrupt.recv() => Ok(ExitCode::FAILURE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_that_dies_stops_the_process_with_a_failure() {
        let lifecycle = Lifecycle::new();
        let stopping = lifecycle.stopping();
        lifecycle.spawn("patient", async move {
            stopping.cancelled().await;
            Ok::<(), std::io::Error>(())
        });
        lifecycle.spawn("frail", async { Err("out of luck") });
        assert!(!lifecycle.drained().await);
    }

    #[tokio::test]
    async fn a_task_that_panics_is_a_failure_too() {
        let lifecycle = Lifecycle::new();
        lifecycle.spawn("wild", async {
            assert!(lifecycle_is_calm(), "not calm");
            Ok::<(), std::io::Error>(())
        });
        assert!(!lifecycle.drained().await);
    }

    fn lifecycle_is_calm() -> bool {
        false
    }

    #[tokio::test]
    async fn a_requested_stop_is_a_success() {
        let lifecycle = Lifecycle::new();
        let stopping = lifecycle.stopping();
        lifecycle.spawn("patient", async move {
            stopping.cancelled().await;
            Ok::<(), std::io::Error>(())
        });
        lifecycle.stop();
        assert!(lifecycle.drained().await);
    }
}
