//! The sums of the ledger, kept up with every request.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;

use super::LedgerEntry;

const WINDOW_MILLISECONDS: i64 = 60_000;
/// Different paths counted one by one; further ones are counted as `other`.
const PATHS_KEPT: usize = 1_000;
/// Tokens whose last minute is kept; further ones start by forgetting those without a request in the last minute.
const TOKENS_KEPT: usize = 10_000;

/// What `GET /sim/ledger/summary` answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LedgerSummary {
    /// Every request but those to `/sim/*`.
    pub requests: u64,
    /// Requests by path; identifiers in the path are written `{id}`.
    pub by_path: BTreeMap<String, u64>,
    /// Answers by status; requests never answered are not in it.
    pub by_status: BTreeMap<u16, u64>,
    /// Answers 429 of the limiter.
    pub rate_limited: u64,
    /// Those of them that came before the reset an earlier 429 had announced.
    pub requests_before_reset: u64,
    /// The most requests one access token made in any 60 s.
    pub max_requests_in_60s: u64,
    /// POSTs to the token endpoint by grant: `code`, `refresh`, `client_credentials`, `other`.
    pub token_posts: BTreeMap<String, u64>,
    /// The most often any one refresh token was presented.
    pub max_presentations_of_a_refresh_token: u64,
    /// The most presentations of one refresh token that were under way at once.
    pub max_concurrent_presentations: u64,
    /// Refresh tokens presented after they had been used.
    pub reuse_detected: u64,
}

#[derive(Debug, Default)]
pub(super) struct Sums {
    totals: LedgerSummary,
    last_minute: HashMap<String, VecDeque<i64>>,
    presentations: HashMap<String, u64>,
    under_way: HashMap<String, u64>,
}

impl Sums {
    pub(super) fn arrived(&mut self, entry: &LedgerEntry, real_now: Timestamp) {
        self.totals.requests += 1;
        let mut path = pattern(&entry.path);
        if self.totals.by_path.len() >= PATHS_KEPT && !self.totals.by_path.contains_key(&path) {
            "other".clone_into(&mut path);
        }
        *self.totals.by_path.entry(path).or_default() += 1;
        if let Some(grant) = &entry.grant {
            *self.totals.token_posts.entry(grant.clone()).or_default() += 1;
            if let (true, Some(hash)) = (grant == "refresh", &entry.token_hash) {
                let times = self.presentations.entry(hash.clone()).or_default();
                *times += 1;
                let most = &mut self.totals.max_presentations_of_a_refresh_token;
                *most = (*most).max(*times);
                let now = self.under_way.entry(hash.clone()).or_default();
                *now += 1;
                let most = &mut self.totals.max_concurrent_presentations;
                *most = (*most).max(*now);
            }
        } else if let Some(hash) = &entry.token_hash {
            self.count_minute(hash, real_now.as_millisecond());
        }
    }

    fn count_minute(&mut self, token_hash: &str, now: i64) {
        let too_old = now - WINDOW_MILLISECONDS;
        if self.last_minute.len() >= TOKENS_KEPT {
            self.last_minute
                .retain(|_, times| times.back().is_some_and(|last| *last > too_old));
        }
        let times = self.last_minute.entry(token_hash.to_owned()).or_default();
        times.push_back(now);
        while times.front().is_some_and(|first| *first <= too_old) {
            times.pop_front();
        }
        self.totals.max_requests_in_60s = self.totals.max_requests_in_60s.max(times.len() as u64);
    }

    /// A presentation of that refresh token is over.
    pub(super) fn presented(&mut self, hash: &str) {
        if let Some(now) = self.under_way.get_mut(hash) {
            *now = now.saturating_sub(1);
            if *now == 0 {
                self.under_way.remove(hash);
            }
        }
    }

    pub(super) fn answered(&mut self, status: u16) {
        *self.totals.by_status.entry(status).or_default() += 1;
    }

    pub(super) fn rate_limited(&mut self, repeated: bool) {
        self.totals.rate_limited += 1;
        self.totals.requests_before_reset += u64::from(repeated);
    }

    pub(super) fn reuse_detected(&mut self) {
        self.totals.reuse_detected += 1;
    }

    pub(super) fn summary(&self) -> LedgerSummary {
        self.totals.clone()
    }
}

/// The path with identifiers written `{id}`: PagerDuty's ids are capital letters and digits.
fn pattern(path: &str) -> String {
    let is_id = |segment: &str| {
        segment.len() >= 5
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    let segments: Vec<&str> = path
        .split('/')
        .map(|segment| if is_id(segment) { "{id}" } else { segment })
        .collect();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_taken_out_of_paths() {
        assert_eq!(
            pattern("/eu/users/PABC123/license"),
            "/eu/users/{id}/license"
        );
        assert_eq!(pattern("/log_entries"), "/log_entries");
    }

    #[test]
    fn the_busiest_minute_slides() {
        let mut sums = Sums::default();
        for second in [0, 10, 59, 61, 69, 200] {
            sums.count_minute("a", second * 1000);
        }
        assert_eq!(sums.summary().max_requests_in_60s, 4);
    }
}
