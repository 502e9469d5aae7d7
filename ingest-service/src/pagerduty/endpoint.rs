//! The table of datasets at PagerDuty: where each is, with which parameters, and how its pages
//! read.

use jiff::Timestamp;
use proto::facts::v1::Dataset;

use super::{
    Call,
    model::{self, Malformed, Page},
};
use crate::window::{FORESIGHT, Interval, OFFSET_LIMIT};

/// Most records PagerDuty puts into one page of a classic list.
pub const CLASSIC_LIMIT: i64 = 100;
/// Most records in one page of analytics.
const ANALYTICS_LIMIT: u32 = 1_000;

/// A classic list: `limit` and `offset`, `more` and perhaps `total`.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Under the region's base.
    pub path: &'static str,
    /// Parameters that never change.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Which times are asked for.
    pub times: Times,
    /// Whether `total=true` is documented.
    pub counts: bool,
    /// Reads a page.
    pub decode: fn(&[u8]) -> Result<Page, Malformed>,
}

/// The time parameters of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// None.
    Absent,
    /// `since` and `until` are the window's.
    Window,
    /// `since` is as_of, `until` as far as duty is read ahead.
    Ahead,
}

/// How a dataset is fetched.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// One classic list.
    Listed(List),
    /// One answer without pages.
    Whole(List),
    /// A list of teams, each with a list of members.
    Teams(List),
    /// Two lists: layer-based schedules, and shift-based ones that are read one by one.
    Schedules(List, List),
    /// `POST` with a cursor in the body.
    Analytics,
}

/// Where a dataset is.
pub fn shape(dataset: Dataset) -> Option<Shape> {
    let shape = match dataset {
        Dataset::Unspecified => return None,
        Dataset::Users => Shape::Listed(list("/users", &[], model::people::users)),
        Dataset::Licenses => Shape::Whole(list("/licenses", &[], model::people::licenses)),
        Dataset::LicenseAllocations => Shape::Listed(List {
            counts: false,
            ..list("/license_allocations", &[], model::people::allocations)
        }),
        Dataset::Teams => Shape::Teams(list("/teams", &[], model::people::teams)),
        Dataset::Services => Shape::Listed(list("/services", &[], model::response::services)),
        Dataset::EscalationPolicies => Shape::Listed(list(
            "/escalation_policies",
            &[],
            model::duty::escalation_policies,
        )),
        Dataset::Schedules => Shape::Schedules(
            List {
                times: Times::Ahead,
                ..list("/schedules", &[FINAL_SCHEDULE], model::duty::schedules)
            },
            list("/v3/schedules", &[], model::duty::schedule_references),
        ),
        Dataset::Oncalls => windowed("/oncalls", &[], model::duty::oncalls),
        Dataset::LogEntries => windowed(
            "/log_entries",
            &[("include[]", "channels")],
            model::response::log_entries,
        ),
        Dataset::Incidents => windowed("/incidents", &[], model::response::incidents),
        Dataset::UserAnalytics => Shape::Analytics,
        _ => return None,
    };
    Some(shape)
}

/// The scope a dataset needs, and the scopes of Classic apps that include it.
pub fn scopes(dataset: Dataset) -> (&'static str, &'static [&'static str]) {
    const READ: &[&str] = &["read", "write"];
    match dataset {
        Dataset::Users | Dataset::Unspecified => ("users.read", READ),
        Dataset::Licenses | Dataset::LicenseAllocations => ("licenses.read", READ),
        Dataset::Teams => ("teams.read", READ),
        Dataset::Services => ("services.read", READ),
        Dataset::EscalationPolicies => ("escalation_policies.read", READ),
        Dataset::Schedules => ("schedules.read", READ),
        Dataset::Oncalls => ("oncalls.read", READ),
        Dataset::LogEntries | Dataset::Incidents => ("incidents.read", READ),
        // A query that is sent as a POST.
        Dataset::UserAnalytics => ("analytics.write", &["write"]),
        _ => ("", READ),
    }
}

const FINAL_SCHEDULE: (&str, &str) = ("include[]", "final_schedule");

fn list(
    path: &'static str,
    fixed: &'static [(&'static str, &'static str)],
    decode: fn(&[u8]) -> Result<Page, Malformed>,
) -> List {
    List {
        path,
        fixed,
        times: Times::Absent,
        counts: true,
        decode,
    }
}

fn windowed(
    path: &'static str,
    fixed: &'static [(&'static str, &'static str)],
    decode: fn(&[u8]) -> Result<Page, Malformed>,
) -> Shape {
    Shape::Listed(List {
        times: Times::Window,
        ..list(path, fixed, decode)
    })
}

impl List {
    /// The page that starts at `offset`, as much of it as offsets reach; only the first one asks how
    /// much there is, which costs PagerDuty time.
    pub fn page(&self, window: Interval, as_of: Timestamp, offset: i64) -> Call {
        let mut query = self.plain(window, as_of);
        let limit = CLASSIC_LIMIT.min(OFFSET_LIMIT - offset);
        query.push(("limit", limit.to_string()));
        query.push(("offset", offset.to_string()));
        if self.counts && offset == 0 {
            query.push(("total", "true".to_owned()));
        }
        Call {
            path: self.path.to_owned(),
            query,
            body: None,
        }
    }

    /// The whole answer of an endpoint without pages.
    pub fn whole(&self) -> Call {
        Call {
            path: self.path.to_owned(),
            query: Vec::new(),
            body: None,
        }
    }

    fn plain(&self, window: Interval, as_of: Timestamp) -> Vec<(&'static str, String)> {
        let fixed = self
            .fixed
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()));
        let mut query: Vec<_> = fixed.collect();
        let times = match self.times {
            Times::Absent => None,
            Times::Window => Some(window),
            Times::Ahead => Some(ahead(as_of)),
        };
        if let Some(Interval { from, to }) = times {
            query.push(("since", from.to_string()));
            query.push(("until", to.to_string()));
            query.push(("time_zone", "Etc/UTC".to_owned()));
        }
        query
    }
}

fn ahead(as_of: Timestamp) -> Interval {
    Interval {
        from: as_of,
        to: as_of + FORESIGHT,
    }
}

/// The members of a team.
pub fn members(team_id: &str, offset: i64) -> Call {
    Call {
        path: format!("/teams/{}/members", path_segment(team_id)),
        query: vec![
            ("limit", CLASSIC_LIMIT.to_string()),
            ("offset", offset.to_string()),
        ],
        body: None,
    }
}

/// A shift-based schedule with its shifts ahead of `as_of`.
pub fn shift_schedule(id: &str, as_of: Timestamp) -> Call {
    let Interval { from, to } = ahead(as_of);
    Call {
        path: format!("/v3/schedules/{}", path_segment(id)),
        query: vec![
            (FINAL_SCHEDULE.0, FINAL_SCHEDULE.1.to_owned()),
            ("since", from.to_string()),
            ("until", to.to_string()),
            ("time_zone", "Etc/UTC".to_owned()),
        ],
        body: None,
    }
}

/// The analytics rows behind a cursor. The order never changes while paging, because the cursor is
/// bound to it.
pub fn analytics(cursor: Option<&str>) -> Call {
    let mut body = serde_json::json!({
        "filters": {},
        "time_zone": "Etc/UTC",
        "order": "asc",
        "order_by": "user_id",
        "limit": ANALYTICS_LIMIT,
    });
    if let (Some(cursor), Some(body)) = (cursor, body.as_object_mut()) {
        body.insert("starting_after".to_owned(), cursor.into());
    }
    Call {
        path: "/analytics/raw/users".to_owned(),
        query: Vec::new(),
        body: Some(body.to_string()),
    }
}

/// An id from an answer as part of a path: nothing in it may change which path that is.
fn path_segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_is_somewhere() {
        for dataset in crate::dataset::COLLECTED {
            assert!(shape(dataset).is_some(), "{dataset:?}");
        }
    }

    #[test]
    fn the_first_page_of_a_window_asks_for_the_total() {
        let Some(Shape::Listed(list)) = shape(Dataset::LogEntries) else {
            panic!("a list");
        };
        let window = Interval {
            from: "2026-01-01T00:00:00Z".parse().expect("a time"),
            to: "2026-01-31T00:00:00Z".parse().expect("a time"),
        };
        let first = list.page(window, window.to, 0);
        assert_eq!(first.path, "/log_entries");
        let shown: Vec<_> = first
            .query
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        assert_eq!(
            shown,
            [
                "include[]=channels",
                "since=2026-01-01T00:00:00Z",
                "until=2026-01-31T00:00:00Z",
                "time_zone=Etc/UTC",
                "limit=100",
                "offset=0",
                "total=true",
            ]
        );
        assert!(
            !list
                .page(window, window.to, 100)
                .query
                .iter()
                .any(|(name, _)| *name == "total")
        );
    }

    #[test]
    fn an_id_cannot_leave_its_place_in_the_path() {
        assert_eq!(
            members("../users?x=#", 0).path,
            "/teams/..%2Fusers%3Fx%3D%23/members"
        );
    }
}
