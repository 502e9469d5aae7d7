//! Where each dataset is at PagerDuty, and how its pages follow one another. Pure: a list says which
//! request comes next; whoever runs it decides when, and how many at a time.

mod analytics;
mod fill;
mod table;

use jiff::Timestamp;
use proto::facts::v1::{Dataset, envelope::Payload};

use super::{
    Call,
    model::{Malformed, Page},
};
use crate::window::{FORESIGHT, Interval, OFFSET_LIMIT};

pub use analytics::MOST_IDS;
pub use table::ROWS;

/// Most records PagerDuty puts into one page of a classic list.
pub const CLASSIC_LIMIT: i64 = 100;

/// One dataset.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Which one.
    pub dataset: Dataset,
    /// The scope it needs; empty where PagerDuty documents none.
    pub scope: &'static str,
    /// The scopes of Classic apps that include it.
    pub classic: &'static [&'static str],
    /// What an account has to have bought, in public words; empty: every account has it.
    pub plan: &'static str,
    /// How often it is read.
    pub freshness: Freshness,
    /// How it is read.
    pub shape: Shape,
}

/// How often a dataset is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// In each run.
    EachRun,
    /// Once a day: configuration that changes seldom, or that costs a request for each parent.
    Daily,
}

/// How a dataset is fetched.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Lists, one after another.
    Lists(&'static [List]),
    /// A list of teams, each with a list of members.
    Teams(List),
    /// Two lists: layer-based schedules, and shift-based ones that are read one by one.
    Schedules(List, List),
    /// Lists that have to be asked for by their parents.
    Children(&'static [Family]),
}

/// A list that is read once for each group of parents. The parents themselves are no records of
/// the dataset.
#[derive(Debug, Clone, Copy)]
pub struct Family {
    /// Who the parents are.
    pub parents: List,
    /// Their ids in one page.
    pub ids: fn(&Payload) -> Vec<String>,
    /// Parents that one request may name.
    pub group: usize,
    /// What is read for them; 404 means that a parent has gone.
    pub list: List,
}

/// One list of PagerDuty.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Under the region's base; `{id}` stands for the parent.
    pub path: &'static str,
    /// Parameters that never change.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Which times are asked for.
    pub times: Times,
    /// How the parent is named where it is not in the path.
    pub parent: Option<&'static str>,
    /// How pages follow one another.
    pub paging: Paging,
    /// Whether `total=true` is documented.
    pub counts: bool,
    /// Whether 404 means that the account has none.
    pub optional: bool,
    /// Reads a page.
    pub decode: fn(&[u8]) -> Result<Page, Malformed>,
    /// Fills in what the answer does not repeat of the question.
    pub complete: fn(&Place<'_>, &mut Payload),
}

/// How the pages of a list follow one another.
#[derive(Debug, Clone, Copy)]
pub enum Paging {
    /// One answer.
    Whole,
    /// `limit` and `offset`; the offsets of all pages follow from `total`.
    Classic,
    /// `limit` and `cursor`.
    Cursor,
    /// `limit` and `after`.
    After,
    /// A `POST`, with the cursor in its body.
    Body(fn(&Place<'_>, Option<&str>) -> serde_json::Value),
}

/// The time parameters of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// None.
    Absent,
    /// `since` and `until` are the window's, and the answer's times are to be in UTC.
    Window,
    /// `since` and `until` are the window's; there is no time zone to be asked for.
    PlainWindow,
    /// `since` is as_of, `until` as far as duty is read ahead.
    Ahead,
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The window; of no length for a snapshot.
    pub window: Interval,
    /// The instant the run speaks for.
    pub as_of: Timestamp,
    /// The parents of a [`Family`]'s list.
    pub parents: &'a [String],
    /// Whether the window goes on where an earlier run has ended.
    pub refresh: bool,
}

/// A place in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// The first page.
    Start,
    /// Behind so many records.
    Offset(i64),
    /// Behind the record that this names.
    Cursor(String),
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    End,
    /// Another page.
    At(Position),
    /// More than offsets reach.
    TooDeep,
    /// The same page again.
    Repeats,
}

/// The row of a dataset; `None` for what is never fetched.
pub fn row(dataset: Dataset) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.dataset == dataset)
}

/// Where a dataset is.
pub fn shape(dataset: Dataset) -> Option<Shape> {
    row(dataset).map(|row| row.shape)
}

/// The scope that a dataset needs, for people.
pub fn scope(dataset: Dataset) -> &'static str {
    match dataset {
        Dataset::Webhooks => SUBSCRIBE,
        other => scopes(other).0,
    }
}

/// The scope that lets an access subscribe to events by itself.
pub const SUBSCRIBE: &str = "webhook_subscriptions.write";

/// The scope a dataset needs, and the scopes of Classic apps that include it.
pub fn scopes(dataset: Dataset) -> (&'static str, &'static [&'static str]) {
    row(dataset).map_or(("", &[]), |row| (row.scope, row.classic))
}

impl<'a> Place<'a> {
    /// A window without parents.
    pub fn new(window: Interval, as_of: Timestamp) -> Self {
        Self {
            window,
            as_of,
            parents: &[],
            refresh: false,
        }
    }

    /// The same for these parents.
    #[must_use]
    pub fn of(self, parents: &'a [String]) -> Self {
        Self { parents, ..self }
    }

    fn parent(&self) -> &str {
        self.parents.first().map_or("", String::as_str)
    }
}

impl Row {
    /// The first list that is asked, for probing whether any of it may be read.
    pub fn first_list(&self) -> Option<List> {
        match self.shape {
            Shape::Lists(lists) => lists.first().copied(),
            Shape::Teams(list) | Shape::Schedules(list, _) => Some(list),
            Shape::Children(families) => families.first().map(|family| family.list),
        }
    }
}

impl List {
    /// A snapshot's classic list.
    pub(super) const fn classic(
        path: &'static str,
        decode: fn(&[u8]) -> Result<Page, Malformed>,
    ) -> Self {
        Self {
            path,
            fixed: &[],
            times: Times::Absent,
            parent: None,
            paging: Paging::Classic,
            counts: true,
            optional: false,
            decode,
            complete: nothing,
        }
    }

    /// The page at `position`.
    pub fn call(&self, place: &Place<'_>, position: &Position) -> Call {
        let path = self.path.replace("{id}", &path_segment(place.parent()));
        if let Paging::Body(ask) = self.paging {
            let cursor = match position {
                Position::Cursor(cursor) => Some(cursor.as_str()),
                Position::Start | Position::Offset(_) => None,
            };
            return Call {
                body: Some(ask(place, cursor).to_string()),
                ..Call::get(path, Vec::new())
            };
        }
        let mut query = self.plain(place);
        match (self.paging, position) {
            (Paging::Whole | Paging::Body(_), _) => {}
            (Paging::Classic, position) => {
                let offset = if let Position::Offset(offset) = position {
                    *offset
                } else {
                    0
                };
                query.push((
                    "limit",
                    CLASSIC_LIMIT.min(OFFSET_LIMIT - offset).to_string(),
                ));
                query.push(("offset", offset.to_string()));
                if self.counts && offset == 0 {
                    query.push(("total", "true".to_owned()));
                }
            }
            (Paging::Cursor | Paging::After, position) => {
                query.push(("limit", CLASSIC_LIMIT.to_string()));
                if let Position::Cursor(cursor) = position {
                    let name = if matches!(self.paging, Paging::After) {
                        "after"
                    } else {
                        "cursor"
                    };
                    query.push((name, cursor.clone()));
                }
            }
        }
        Call::get(path, query)
    }

    /// What follows a page that was found at `position`.
    pub fn next(&self, position: &Position, page: &Page) -> Next {
        match self.paging {
            Paging::Whole => Next::End,
            Paging::Classic => {
                let more = page.more.unwrap_or(page.rows >= CLASSIC_LIMIT);
                let offset = if let Position::Offset(offset) = position {
                    *offset
                } else {
                    0
                };
                match offset + page.rows {
                    _ if page.rows == 0 || !more => Next::End,
                    next if next >= OFFSET_LIMIT => Next::TooDeep,
                    next => Next::At(Position::Offset(next)),
                }
            }
            // `after` is told with the last page too.
            Paging::After if page.rows == 0 => Next::End,
            Paging::Cursor if page.more == Some(false) => Next::End,
            Paging::Body(_) if page.rows == 0 || page.more != Some(true) => Next::End,
            Paging::Cursor | Paging::After | Paging::Body(_) => match &page.cursor {
                None => Next::End,
                Some(cursor) if *position == Position::Cursor(cursor.clone()) => Next::Repeats,
                Some(cursor) => Next::At(Position::Cursor(cursor.clone())),
            },
        }
    }

    fn plain(&self, place: &Place<'_>) -> Vec<(&'static str, String)> {
        let fixed = self
            .fixed
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let mut query: Vec<_> = fixed.collect();
        if let Some(name) = self.parent {
            query.extend(place.parents.iter().map(|parent| (name, parent.clone())));
        }
        let times = match self.times {
            Times::Absent => None,
            Times::Window | Times::PlainWindow => Some(place.window),
            Times::Ahead => Some(ahead(place.as_of)),
        };
        if let Some(Interval { from, to }) = times {
            query.push(("since", from.to_string()));
            query.push(("until", to.to_string()));
            if self.times != Times::PlainWindow {
                query.push(("time_zone", "Etc/UTC".to_owned()));
            }
        }
        query
    }
}

/// For lists whose answers say everything themselves.
pub(super) fn nothing(_: &Place<'_>, _: &mut Payload) {}

fn ahead(as_of: Timestamp) -> Interval {
    Interval {
        from: as_of,
        to: as_of + FORESIGHT,
    }
}

/// The members of a team.
pub fn members(team_id: &str, offset: i64) -> Call {
    Call::get(
        format!("/teams/{}/members", path_segment(team_id)),
        vec![
            ("limit", CLASSIC_LIMIT.to_string()),
            ("offset", offset.to_string()),
        ],
    )
}

/// A shift-based schedule with its shifts ahead of `as_of`.
pub fn shift_schedule(id: &str, as_of: Timestamp) -> Call {
    let Interval { from, to } = ahead(as_of);
    Call::get(
        format!("/v3/schedules/{}", path_segment(id)),
        vec![
            (table::FINAL_SCHEDULE.0, table::FINAL_SCHEDULE.1.to_owned()),
            ("since", from.to_string()),
            ("until", to.to_string()),
            ("time_zone", "Etc/UTC".to_owned()),
        ],
    )
}

/// An id from an answer as part of a path: nothing in it may change which path that is.
pub(crate) fn path_segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

#[cfg(test)]
mod tests;
