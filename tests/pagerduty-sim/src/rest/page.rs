//! Classic pagination, over lists and over days of the history.

use axum::response::Response;
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
