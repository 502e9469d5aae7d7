//! Which requests a list asks, and where it ends.

use super::*;

fn window() -> Interval {
    Interval {
        from: "2026-01-01T00:00:00Z".parse().expect("a time"),
        to: "2026-01-31T00:00:00Z".parse().expect("a time"),
    }
}

fn shown(call: &Call) -> Vec<String> {
    let query = call.query.iter();
    query
        .map(|(name, value)| format!("{name}={value}"))
        .collect()
}

fn only_list(dataset: Dataset) -> List {
    row(dataset).and_then(Row::first_list).expect("a list")
}

#[test]
fn every_dataset_is_somewhere_but_the_one_that_is_pushed() {
    for dataset in Dataset::ALL {
        assert_eq!(
            row(dataset).is_some(),
            dataset != Dataset::Webhooks,
            "{dataset:?}"
        );
    }
    assert_eq!(ROWS.len() + 1, Dataset::ALL.len());
}

#[test]
fn the_first_page_of_a_window_asks_for_the_total() {
    let list = only_list(Dataset::LogEntries);
    let place = Place::new(window(), window().to);
    let first = list.call(&place, &Position::Start);
    assert_eq!(first.path, "/log_entries");
    assert_eq!(
        shown(&first),
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
    let second = list.call(&place, &Position::Offset(100));
    assert!(!shown(&second).contains(&"total=true".to_owned()));
}

#[test]
fn an_id_cannot_leave_its_place_in_the_path() {
    assert_eq!(
        members("../users?x=#", 0).path,
        "/teams/..%2Fusers%3Fx%3D%23/members"
    );
    let list = only_list(Dataset::StatusPagePosts);
    let parents = ["../x".to_owned()];
    let place = Place::new(window(), window().to).of(&parents);
    assert_eq!(
        list.call(&place, &Position::Start).path,
        "/status_pages/..%2Fx/posts"
    );
}

#[test]
fn a_cursor_is_followed_until_there_is_none() {
    let list = only_list(Dataset::AuditRecords);
    let page = |cursor: Option<&str>| Page {
        cursor: cursor.map(str::to_owned),
        ..Page::empty()
    };
    let at = Position::Cursor("x".to_owned());
    assert_eq!(list.next(&Position::Start, &page(None)), Next::End);
    assert_eq!(
        list.next(&Position::Start, &page(Some("x"))),
        Next::At(at.clone())
    );
    assert_eq!(list.next(&at, &page(Some("x"))), Next::Repeats);
    let place = Place::new(window(), window().to);
    assert_eq!(
        shown(&list.call(&place, &at)).last().map(String::as_str),
        Some("cursor=x")
    );
}

#[test]
fn offsets_end_where_pagerduty_says_so_and_where_it_does_not_go_on() {
    let list = only_list(Dataset::Users);
    let page = |rows, more| Page {
        rows,
        more,
        ..Page::empty()
    };
    let next = |offset, rows, more| list.next(&Position::Offset(offset), &page(rows, more));
    assert_eq!(next(0, 100, Some(true)), Next::At(Position::Offset(100)));
    assert_eq!(next(0, 100, Some(false)), Next::End);
    assert_eq!(next(0, 40, None), Next::End);
    assert_eq!(next(0, 40, Some(true)), Next::At(Position::Offset(40)));
    assert_eq!(next(0, 0, Some(true)), Next::End);
    assert_eq!(next(9_900, 100, Some(true)), Next::TooDeep);
}
