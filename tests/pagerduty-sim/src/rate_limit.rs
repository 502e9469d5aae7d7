//! Requests per minute, counted per app × user, as PagerDuty counts for user OAuth tokens.
//!
//! A window of one minute opens with the first request and closes 60 s later by the simulator's clock. Which answers
//! carry the headers is decided here; who the caller is, is told by `identity`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;

use crate::authentication::{Presented, error_body};
use crate::state::AppState;

const WINDOW_SECONDS: i64 = 60;
const DAY_SECONDS: i64 = 86_400;
const WINDOWS_KEPT: usize = 10_000;

/// The limiter.
#[derive(Debug, Default)]
pub struct RateLimit {
    per_minute: RwLock<Option<u32>>,
    windows: Mutex<HashMap<String, Window>>,
    analytics_per_day: RwLock<Option<u32>>,
    analytics: Mutex<HashMap<String, (i64, u32)>>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    opened_at: Timestamp,
    used: u32,
}

/// What the limiter says about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Requests allowed per window.
    pub limit: u32,
    /// Requests left in this window.
    pub remaining: u32,
    /// Seconds until the window closes.
    pub reset_seconds: i64,
    /// How many requests of this window were refused, this one included.
    pub refused: u32,
}

impl RateLimit {
    /// A limiter with this many requests per minute, or none.
    pub fn new(per_minute: Option<u32>) -> Self {
        let limiter = Self::default();
        limiter.set(per_minute);
        limiter
    }

    /// Changes the limit; windows already open go on under the new one.
    pub fn set(&self, per_minute: Option<u32>) {
        *self
            .per_minute
            .write()
            .unwrap_or_else(PoisonError::into_inner) = per_minute;
    }

    /// How many analytics requests a day are answered; every one when absent.
    pub fn set_analytics(&self, per_day: Option<u32>) {
        *self
            .analytics_per_day
            .write()
            .unwrap_or_else(PoisonError::into_inner) = per_day;
    }

    /// Counts one analytics request of a UTC day; `None` when there is no quota.
    fn take_analytics(&self, key: &str, now: Timestamp) -> Option<Allowance> {
        let limit = (*self
            .analytics_per_day
            .read()
            .unwrap_or_else(PoisonError::into_inner))?;
        let day = now.as_second().div_euclid(DAY_SECONDS);
        let mut days = self
            .analytics
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let used = days.entry(key.to_owned()).or_insert((day, 0));
        if used.0 != day {
            *used = (day, 0);
        }
        used.1 = used.1.saturating_add(1);
        Some(Allowance {
            limit,
            remaining: limit.saturating_sub(used.1),
            reset_seconds: (day + 1) * DAY_SECONDS - now.as_second(),
            refused: used.1.saturating_sub(limit),
        })
    }

    /// Counts one request; `None` when there is no limit.
    pub fn take(&self, key: &str, now: Timestamp) -> Option<Allowance> {
        let limit = (*self
            .per_minute
            .read()
            .unwrap_or_else(PoisonError::into_inner))?;
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= WINDOWS_KEPT {
            windows.retain(|_, window| seconds_left(window.opened_at, now).is_some());
        }
        let window = windows.entry(key.to_owned()).or_insert(Window {
            opened_at: now,
            used: 0,
        });
        if seconds_left(window.opened_at, now).is_none() {
            *window = Window {
                opened_at: now,
                used: 0,
            };
        }
        window.used = window.used.saturating_add(1);
        Some(Allowance {
            limit,
            remaining: limit.saturating_sub(window.used),
            reset_seconds: seconds_left(window.opened_at, now).unwrap_or(WINDOW_SECONDS),
            refused: window.used.saturating_sub(limit),
        })
    }
}

/// Whole seconds (at least 1) until a window opened then closes; `None` when it has, or when the clock went back.
fn seconds_left(opened_at: Timestamp, now: Timestamp) -> Option<i64> {
    let milliseconds = now.as_millisecond() - opened_at.as_millisecond();
    let left = WINDOW_SECONDS * 1000 - milliseconds;
    (left > 0 && milliseconds >= 0).then(|| (left + 999) / 1000)
}

/// The layer: 429 beyond the limit, and the three headers on every answer.
pub async fn enforce(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let key = Presented::of(&request).map_or_else(
        || "anonymous".to_owned(),
        |presented| presented.rate_key.clone(),
    );
    let Some(allowance) = state.rate_limit.take(&key, state.clock.now()) else {
        return next.run(request).await;
    };
    let mut response = if allowance.refused > 0 {
        state.ledger.count_rate_limited(allowance.refused > 1);
        let body = error_body("Rate Limit Exceeded", 2020, &[]);
        (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response()
    } else {
        next.run(request).await
    };
    write_headers(response.headers_mut(), allowance);
    response
}

/// The layer for analytics: 429 beyond the day's quota, which PagerDuty documents nowhere.
pub async fn enforce_daily(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let is_analytics = request.uri().path().contains("/analytics/");
    let key = Presented::of(&request).map(|presented| presented.rate_key.clone());
    let allowance = key
        .filter(|_| is_analytics)
        .and_then(|key| state.rate_limit.take_analytics(&key, state.clock.now()));
    let Some(allowance) = allowance else {
        return next.run(request).await;
    };
    let mut response = if allowance.refused > 0 {
        let body = error_body("Rate Limit Exceeded", 2020, &[]);
        (StatusCode::TOO_MANY_REQUESTS, axum::Json(body)).into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert("daily-ratelimit-limit", allowance.limit.into());
    headers.insert("daily-ratelimit-remaining", allowance.remaining.into());
    headers.insert("daily-ratelimit-reset", allowance.reset_seconds.into());
    response
}

fn write_headers(headers: &mut HeaderMap, allowance: Allowance) {
    headers.insert("ratelimit-limit", HeaderValue::from(allowance.limit));
    headers.insert(
        "ratelimit-remaining",
        HeaderValue::from(allowance.remaining),
    );
    headers.insert(
        "ratelimit-reset",
        HeaderValue::from(allowance.reset_seconds),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_refuses_the_request_beyond_the_limit_and_opens_again_after_a_minute() {
        let limiter = RateLimit::new(Some(2));
        let at = |second: i64| Timestamp::from_second(1_700_000_000 + second).unwrap();
        assert_eq!(limiter.take("a", at(0)).unwrap().remaining, 1);
        assert_eq!(limiter.take("a", at(1)).unwrap().refused, 0);
        let third = limiter.take("a", at(2)).unwrap();
        assert_eq!((third.refused, third.reset_seconds), (1, 58));
        assert_eq!(limiter.take("b", at(2)).unwrap().refused, 0);
        assert_eq!(limiter.take("a", at(60)).unwrap().refused, 0);
    }
}
