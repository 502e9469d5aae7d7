//! A small load generator: threads with one kept connection each.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::http::{self, Connection, Request};

const THREADS: usize = 4;

/// What a load on one address showed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) per_second: f64,
    pub(crate) p99_ms: f64,
}

/// Asks one address as fast as it answers.
pub(crate) fn run(url: &str, cookies: Option<&str>, length: Duration) -> Result<Load> {
    let outcome: Vec<Result<Vec<Duration>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|_| scope.spawn(|| ask(url, cookies, length)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| bail!("a thread of the load died"))
            })
            .collect()
    });
    let mut times = Vec::new();
    for found in outcome {
        times.extend(found?);
    }
    times.sort();
    Ok(Load {
        per_second: times.len() as f64 / length.as_secs_f64(),
        p99_ms: percentile(&times, 99).as_secs_f64() * 1000.0,
    })
}

fn ask(url: &str, cookies: Option<&str>, length: Duration) -> Result<Vec<Duration>> {
    let (authority, target) = http::split(url)?;
    let request = Request {
        method: "GET",
        target,
        headers: cookies
            .map(|cookies| vec![("Cookie", cookies.to_owned())])
            .unwrap_or_default(),
        body: Vec::new(),
    };
    let mut connection = Connection::open(authority)?;
    let started = Instant::now();
    let mut times = Vec::new();
    while started.elapsed() < length {
        let asked = Instant::now();
        let answer = connection.send(&request)?;
        times.push(asked.elapsed());
        if answer.status != 200 {
            bail!("{target} answered {}", answer.status);
        }
    }
    Ok(times)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let index = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(index).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_an_observed_value() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 99), Duration::from_millis(198));
        assert_eq!(percentile(&times[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
