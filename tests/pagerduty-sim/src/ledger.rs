//! What was asked and answered: the simulator's own count, against which promises are tested.
//!
//! Entries are kept in a ring of bounded size; the sums of `LedgerSummary` are counted as requests come, so they stay
//! true when old entries are gone. Requests to `/sim/*` are not recorded. A token never enters, only its hash.

mod record;
mod summary;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;

pub use record::record;
pub use summary::LedgerSummary;
use summary::Sums;

use crate::faults::FaultKind;

/// Entries kept; older ones fall out.
const ENTRIES_KEPT: usize = 200_000;

/// How many rows a list answer holds: handlers put it into the extensions of their response.
#[derive(Clone, Copy, Debug)]
pub struct PageRows(pub u64);

/// One request.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerEntry {
    /// Counts up from 1 without gaps.
    pub n: u64,
    /// When it arrived, by the simulator's clock.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The path as asked, with `/eu`.
    pub path: String,
    /// The query as asked; only the names of the parameters of `/oauth/*`.
    pub query: String,
    /// The status; absent while unanswered, and for ever when the client went first.
    pub status: Option<u16>,
    /// The account of the token.
    pub account: Option<String>,
    /// The app of the token or, at the token endpoint, of the form.
    pub client: Option<String>,
    /// SHA-256 of the access token or, at the token endpoint, of the refresh token or code presented.
    pub token_hash: Option<String>,
    /// The W3C trace context that came with it.
    pub traceparent: Option<String>,
    /// Rows in the answer, when it is a page of a list.
    pub page_rows: Option<u64>,
    /// At the token endpoint: `code`, `refresh`, `client_credentials`, `other`.
    pub grant: Option<String>,
    /// The fault that spoiled the answer.
    pub fault: Option<FaultKind>,
}

/// What the end of a request adds to its entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) page_rows: Option<u64>,
    pub(crate) fault: Option<FaultKind>,
}

/// A page of entries.
#[derive(Clone, Debug, Serialize)]
pub struct LedgerPage {
    /// What to ask with `since` next time.
    pub next: u64,
    /// The entries after `since`, oldest first.
    pub entries: Vec<LedgerEntry>,
}

/// The book.
#[derive(Debug, Default)]
pub struct Ledger {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    last_n: u64,
    entries: VecDeque<LedgerEntry>,
    sums: Sums,
}

impl Book {
    fn entry_mut(&mut self, n: u64) -> Option<&mut LedgerEntry> {
        let first = self.entries.front()?.n;
        let at = usize::try_from(n.checked_sub(first)?).ok()?;
        self.entries.get_mut(at)
    }
}

impl Ledger {
    fn with<T>(&self, change: impl FnOnce(&mut Book) -> T) -> T {
        change(&mut self.book.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a request down as it arrives; `real_now` is undisturbed time.
    pub(crate) fn open(&self, mut entry: LedgerEntry, real_now: Timestamp) -> u64 {
        self.with(|book| {
            book.last_n += 1;
            entry.n = book.last_n;
            book.sums.arrived(&entry, real_now);
            book.entries.push_back(entry);
            if book.entries.len() > ENTRIES_KEPT {
                book.entries.pop_front();
            }
            book.last_n
        })
    }

    /// Completes an entry. Entries deleted meanwhile are left alone.
    pub(crate) fn close(&self, n: u64, answered: Answered) {
        self.with(|book| {
            if let Some(entry) = book.entry_mut(n) {
                entry.status = Some(answered.status);
                entry.page_rows = answered.page_rows;
                entry.fault = answered.fault;
                let is_refresh = entry.grant.as_deref() == Some("refresh");
                let hash = entry.token_hash.clone().filter(|_| is_refresh);
                book.sums.answered(answered.status);
                if let Some(hash) = hash {
                    book.sums.presented(&hash);
                }
            }
        });
    }

    /// Counts an answer 429 of the limiter; `repeated` when the caller had already been refused in this window.
    pub(crate) fn count_rate_limited(&self, repeated: bool) {
        self.with(|book| book.sums.rate_limited(repeated));
    }

    /// Counts the presentation of a refresh token that was used before.
    pub(crate) fn count_reuse(&self) {
        self.with(|book| book.sums.reuse_detected());
    }

    /// The entries after number `since`.
    pub fn page(&self, since: u64) -> LedgerPage {
        self.with(|book| LedgerPage {
            next: book.last_n,
            entries: book
                .entries
                .iter()
                .filter(|entry| entry.n > since)
                .cloned()
                .collect(),
        })
    }

    /// The sums since the start or the last `clear`.
    pub fn summary(&self) -> LedgerSummary {
        self.with(|book| book.sums.summary())
    }

    /// Forgets entries and sums; numbers go on counting.
    pub fn clear(&self) {
        self.with(|book| {
            book.entries.clear();
            book.sums = Sums::default();
        });
    }
}
