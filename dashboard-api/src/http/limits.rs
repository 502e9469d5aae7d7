//! How often one caller may ask, told with every answer.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{
    Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::problem::Problem;

/// Requests in a minute of everybody who is not signed in, from one address of the proxy chain.
const OPEN_PER_MINUTE: u32 = 300;
const MINUTE: u64 = 60;
/// Callers that are remembered before the quiet ones are dropped.
const REMEMBERED: usize = 10_000;

type Limiter =
    RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// Requests by caller.
#[derive(Clone)]
pub(crate) struct Limits {
    callers: Arc<Limiter>,
    open: Arc<Limiter>,
    per_minute: NonZeroU32,
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Limits({} per minute)", self.per_minute)
    }
}

/// What is left after a request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowance {
    per_minute: u32,
    left: u32,
}

fn limiter(per_minute: NonZeroU32) -> Arc<Limiter> {
    let limiter = RateLimiter::dashmap(Quota::per_minute(per_minute));
    Arc::new(limiter.with_middleware())
}

impl Limits {
    pub(super) fn new(per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let open = NonZeroU32::new(OPEN_PER_MINUTE).unwrap_or(NonZeroU32::MIN);
        Self {
            callers: limiter(per_minute),
            open: limiter(open),
            per_minute,
        }
    }

    /// One request of a session or key.
    pub(super) fn take(&self, caller: &str) -> Result<Allowance, Problem> {
        check(&self.callers, caller, self.per_minute.get())
    }

    /// One request of somebody unknown.
    pub(super) fn open(&self, headers: &HeaderMap) -> Result<Allowance, Problem> {
        let forwarded = headers.get("x-forwarded-for");
        let address = forwarded
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.rsplit(',').next())
            .map_or("", str::trim);
        check(&self.open, address, OPEN_PER_MINUTE)
    }
}

fn check(limiter: &Limiter, caller: &str, per_minute: u32) -> Result<Allowance, Problem> {
    if limiter.len() > REMEMBERED {
        limiter.retain_recent();
    }
    match limiter.check_key(&caller.to_owned()) {
        Ok(state) => Ok(Allowance {
            per_minute,
            left: state.remaining_burst_capacity(),
        }),
        Err(refused) => {
            let wait = refused.wait_time_from(DefaultClock::default().now());
            Err(Problem::rate_limited(per_minute, whole_seconds(wait)))
        }
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl Allowance {
    /// As the IETF draft of the RateLimit fields writes them.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        tell(headers, self.per_minute, self.left, MINUTE);
    }
}

pub(super) fn tell(headers: &mut HeaderMap, per_minute: u32, left: u32, seconds: u64) {
    let fields = [
        (
            HeaderName::from_static("ratelimit-policy"),
            format!("\"default\";q={per_minute};w={MINUTE}"),
        ),
        (
            HeaderName::from_static("ratelimit"),
            format!("\"default\";r={left};t={seconds}"),
        ),
    ];
    for (name, text) in fields {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_an_allowance_of_its_own() {
        let limits = Limits::new(2);
        assert_eq!(limits.take("a").map(|one| one.left).ok(), Some(1));
        assert_eq!(limits.take("a").map(|one| one.left).ok(), Some(0));
        assert!(limits.take("a").is_err());
        assert!(limits.take("b").is_ok());
    }
}
