//! A window that holds more than offsets reach: where to cut it so that its first part holds just as
//! much as they do. One question, the last page that can be had, tells; a window that holds a storm
//! is thus not halved again and again.

use jiff::Timestamp;

use super::{Interruption, filling::Filling, key, worker::Worker};
use crate::{
    pagerduty::{
        Failure, Page,
        endpoint::{CLASSIC_LIMIT, List, Paging, Position},
    },
    window::{Interval, OFFSET_LIMIT, Planned},
};

/// Where the last page starts that offsets reach.
const LAST_PAGE: i64 = OFFSET_LIMIT - CLASSIC_LIMIT;

/// What the last page told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Everything is within reach.
    Shallow,
    /// The window was cut; the records of its first part, with which the list goes on, where they
    /// follow from what was seen.
    Cut(Option<i64>),
    /// The list is not ordered by time, or all of it lies in one second.
    Unordered,
}

/// The part of a window that comes first in the list and is within reach, the records in it, and
/// what remains.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cut {
    first: Interval,
    records: Option<i64>,
    rest: Interval,
}

/// Whether the first page leaves it open that there is more than offsets reach.
pub(super) fn may_be_deep(list: &List, first: &Page) -> bool {
    matches!(list.paging, Paging::Classic)
        && first.rows > 0
        && match first.total {
            Some(total) => total > OFFSET_LIMIT,
            None => first.more.unwrap_or(first.rows >= CLASSIC_LIMIT),
        }
}

impl<'a> Worker<'a> {
    /// Looks at the last page within reach and cuts the window there.
    pub(super) async fn measure(
        &'a self,
        list: &List,
        first: &Page,
        filling: &mut Filling<'a>,
    ) -> Result<Depth, Interruption> {
        let position = Position::Offset(LAST_PAGE);
        let last = match self.ask(filling.window, list, (&[], &position)).await {
            Err(Failure::TooDeep) => return Ok(Depth::Unordered),
            last => last?,
        };
        let ends_here = last.more.is_some_and(|more| !more) && first.total.is_none();
        // The same page again: a list that never ends, which shows when it is followed.
        if last.rows == 0 || ends_here || last.payload == first.payload {
            return Ok(Depth::Shallow);
        }
        let instants = (key::instants(&first.payload), key::instants(&last.payload));
        let (Some(head), Some(tail)) = instants else {
            return Ok(Depth::Unordered);
        };
        let Some(cut) = cut(filling.window.interval, &head, &tail) else {
            return Ok(Depth::Unordered);
        };
        let dataset = filling.window.dataset;
        let part = |interval| Planned { dataset, interval };
        let parts = [part(cut.first), part(cut.rest)];
        if !self.cut(filling.window, parts).await? {
            return Ok(Depth::Unordered);
        }
        filling.window = part(cut.first);
        Ok(Depth::Cut(cut.records))
    }
}

/// Cuts between the second of the last row within reach and the rows before it, whichever way the
/// list is ordered.
fn cut(window: Interval, head: &[Timestamp], tail: &[Timestamp]) -> Option<Cut> {
    let all = || head.iter().chain(tail);
    let rises = all().is_sorted();
    let falls = all().rev().is_sorted();
    let edge = tail.last()?.as_second();
    let (from, to) = (window.from.as_second(), window.to.as_second());
    if rises == falls || !(from..to).contains(&edge) {
        return None;
    }
    let span = |from, to| {
        Some(Interval {
            from: Timestamp::from_second(from).ok()?,
            to: Timestamp::from_second(to).ok()?,
        })
    };
    // One second may hold more than offsets reach; it is read as far as that goes.
    let (first, rest) = match (falls, edge) {
        (true, edge) if edge + 1 == to => (span(edge, to)?, span(from, edge)?),
        (true, edge) => (span(edge + 1, to)?, span(from, edge + 1)?),
        (false, edge) if edge == from => (span(from, edge + 1)?, span(edge + 1, to)?),
        (false, edge) => (span(from, edge)?, span(edge, to)?),
    };
    if first.seconds() == 0 || rest.seconds() == 0 {
        return None;
    }
    let is_inside = |at: &&Timestamp| (first.from..first.to).contains(*at);
    let inside = tail.iter().filter(is_inside).count();
    let records = (0 < inside && inside < tail.len()).then_some(LAST_PAGE + inside as i64);
    Some(Cut {
        first,
        records,
        rest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: &[i64]) -> Vec<Timestamp> {
        let at = |second: &i64| Timestamp::from_second(*second).expect("in range");
        seconds.iter().map(at).collect()
    }

    fn span(from: i64, to: i64) -> Interval {
        let edges = at(&[from, to]);
        Interval {
            from: edges[0],
            to: edges[1],
        }
    }

    #[test]
    fn newest_first_the_newer_part_is_whole() {
        let cut = cut(span(0, 1000), &at(&[999, 990]), &at(&[501, 500, 500]));
        let expected = Cut {
            first: span(501, 1000),
            records: Some(9_901),
            rest: span(0, 501),
        };
        assert_eq!(cut, Some(expected));
    }

    #[test]
    fn oldest_first_the_older_part_is_whole() {
        let cut = cut(span(0, 1000), &at(&[1, 2]), &at(&[400, 401, 402]));
        let expected = Cut {
            first: span(0, 402),
            records: Some(9_902),
            rest: span(402, 1000),
        };
        assert_eq!(cut, Some(expected));
    }

    #[test]
    fn without_an_order_nothing_is_cut() {
        assert_eq!(cut(span(0, 1000), &at(&[5, 3]), &at(&[400, 401])), None);
        assert_eq!(cut(span(0, 1000), &at(&[7, 7]), &at(&[7, 7])), None);
        assert_eq!(cut(span(0, 1000), &at(&[999]), &at(&[700, 2000])), None);
    }

    #[test]
    fn a_last_page_within_one_second_does_not_say_how_much_comes_before() {
        let cut = cut(span(0, 1000), &at(&[999]), &at(&[500, 500]));
        let expected = Cut {
            first: span(501, 1000),
            records: None,
            rest: span(0, 501),
        };
        assert_eq!(cut, Some(expected));
    }

    #[test]
    fn a_second_too_full_for_offsets_is_set_apart() {
        let cut = cut(span(0, 1000), &at(&[999]), &at(&[999, 999]));
        assert_eq!(cut, None, "nothing tells which way the list goes");
        let cut = super::cut(span(0, 1000), &at(&[2, 1]), &at(&[0, 0]));
        assert_eq!(cut.map(|cut| cut.first), Some(span(1, 1000)));
    }
}
