//! Classic pagination, over lists and over days of the history.

use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::{Refusal, listing};
use super::params::Params;

/// As far as offsets reach.
const DEEPEST: u64 = 10_000;

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) wants_total: bool,
}

impl Page {
    /// 25 by default, 100 at most; more is clamped, as the server does.
    pub(crate) fn classic(params: &Params) -> Result<Self, Refusal> {
        Self::new(params, 25, 100)
    }

    pub(crate) fn new(params: &Params, default: u64, most: u64) -> Result<Self, Refusal> {
        let limit = params.number("limit")?.unwrap_or(default).min(most);
        let offset = params.number("offset")?.unwrap_or(0);
        if limit == 0 {
            return Err(Refusal::invalid("Limit must be greater than 0."));
        }
        if offset.saturating_add(limit) > DEEPEST {
            return Err(Refusal::too_deep());
        }
        let wants_total = params.flag("total")?;
        Ok(Self {
            limit: limit as usize,
            offset: offset as usize,
            wants_total,
        })
    }

    /// The page of a list that is at hand.
    pub(crate) fn cut<T>(
        &self,
        name: &str,
        all: &[T],
        mut render: impl FnMut(&T) -> Value,
    ) -> Response {
        let rows: Vec<Value> = all
            .iter()
            .skip(self.offset)
            .take(self.limit)
            .map(&mut render)
            .collect();
        let more = self.offset + rows.len() < all.len();
        self.envelope(
            name,
            rows,
            Extent {
                more,
                total: Some(all.len()),
            },
        )
    }

    /// The documented envelope; `total` is null unless asked for.
    pub(crate) fn envelope(&self, name: &str, rows: Vec<Value>, extent: Extent) -> Response {
        let count = rows.len();
        let total = extent.total.filter(|_| self.wants_total);
        let body = json!({
            name: rows,
            "limit": self.limit,
            "offset": self.offset,
            "more": extent.more,
            "total": total,
        });
        listing(body, count)
    }
}

/// A page of a list that is read with `cursor`. The cursor is opaque to readers: here, where the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CursorPage {
    pub(crate) limit: usize,
    pub(crate) start: u64,
    /// Whether the list says `more` beside its cursor.
    pub(crate) tells_more: bool,
}

impl CursorPage {
    pub(crate) fn new(params: &Params) -> Result<Self, Refusal> {
        let limit = params.number("limit")?.unwrap_or(25).min(100);
        if limit == 0 {
            return Err(Refusal::invalid("Limit must be greater than 0."));
        }
        let start = match params.one("cursor").filter(|cursor| !cursor.is_empty()) {
            None => 0,
            Some(cursor) => {
                Self::read(cursor).ok_or_else(|| Refusal::invalid("Cursor is not valid."))?
            }
        };
        Ok(Self {
            limit: limit as usize,
            start,
            tells_more: false,
        })
    }

    fn read(cursor: &str) -> Option<u64> {
        let bytes = STANDARD.decode(cursor).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        text.strip_prefix("at:")?.parse().ok()
    }

    /// The same, for lists that also say `more`.
    pub(crate) fn telling_more(params: &Params) -> Result<Self, Refusal> {
        let page = Self::new(params)?;
        Ok(Self {
            tells_more: true,
            ..page
        })
    }

    /// What names a page that begins there.
    pub(crate) fn write(start: u64) -> String {
        STANDARD.encode(format!("at:{start}"))
    }

    /// The page of a list that is at hand.
    pub(crate) fn cut<T>(
        &self,
        name: &str,
        all: &[T],
        mut render: impl FnMut(&T) -> Value,
    ) -> Response {
        let start = self.start as usize;
        let rows: Vec<Value> = all
            .iter()
            .skip(start)
            .take(self.limit)
            .map(&mut render)
            .collect();
        let end = start + rows.len();
        let next = (end < all.len()).then(|| Self::write(end as u64));
        self.envelope(name, rows, next)
    }

    /// The documented envelope.
    pub(crate) fn envelope(&self, name: &str, rows: Vec<Value>, next: Option<String>) -> Response {
        let count = rows.len();
        let more = next.is_some();
        let mut body = json!({name: rows, "limit": self.limit, "next_cursor": next});
        if self.tells_more {
            body["more"] = json!(more);
        }
        listing(body, count)
    }
}

/// What lies behind a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) more: bool,
    pub(crate) total: Option<usize>,
}

/// The records of one day that match, in the order they are listed.
pub(crate) trait Strip {
    fn len(&self) -> usize;
}

/// A list that is made day by day.
pub(crate) struct Days<C, L> {
    /// How many records a day has, where that is known without making the day.
    pub(crate) count: C,
    /// The day's records.
    pub(crate) load: L,
}

impl<C: Fn(i64) -> Option<usize>, L> Days<C, L> {
    /// Renders a page, making only the days it touches and, for a total, those whose count is unknown.
    pub(crate) fn page<S: Strip>(
        &self,
        page: &Page,
        days: impl Iterator<Item = i64>,
        render: impl Fn(&S, usize) -> Value,
    ) -> (Vec<Value>, Extent)
    where
        L: Fn(i64) -> S,
    {
        let (from, to) = (page.offset, page.offset + page.limit);
        let mut seen = 0;
        let mut rows = Vec::with_capacity(page.limit);
        for day in days {
            if seen > to && !page.wants_total {
                break;
            }
            let known = (self.count)(day);
            if let Some(count) = known.filter(|count| seen + count <= from || seen >= to) {
                seen += count;
                continue;
            }
            let strip = (self.load)(day);
            let (first, last) = (
                from.saturating_sub(seen),
                to.saturating_sub(seen).min(strip.len()),
            );
            rows.extend((first..last).map(|n| render(&strip, n)));
            seen += strip.len();
        }
        (
            rows,
            Extent {
                more: seen > to,
                total: Some(seen),
            },
        )
    }
}
