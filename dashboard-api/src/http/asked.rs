//! What a GET asks for: its query and what the client already has. Which names a route knows is
//! told by its description; [`super::access::guard`] refuses all others.

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use jiff::civil::Date;

use super::{problem::Problem, words::Word};
use crate::window::Window;

const DEFAULT_WINDOW: Window = Window::Days90;
const DEFAULT_LIMIT: i64 = 50;
const LARGEST_LIMIT: i64 = 500;
/// Longest text to search for.
const LONGEST_TEXT: usize = 200;
/// Most ids in one filter.
const MOST_IDS: usize = 200;

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Format {
    Json,
    Csv,
    Ndjson,
}

/// The query of a request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Path and query as they came, a part of the ETag.
    pub(super) target: String,
    pub(super) path: String,
    pub(super) if_none_match: Option<String>,
    accept: Option<String>,
    pairs: Vec<(String, String)>,
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        Ok(Self {
            target: parts.uri.to_string(),
            path: parts.uri.path().to_owned(),
            if_none_match: text(&parts.headers, header::IF_NONE_MATCH),
            accept: text(&parts.headers, header::ACCEPT),
            pairs: pairs(query),
        })
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.map(str::to_owned)
}

/// The decoded names and values of a query.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

/// Refuses names that are not known, and names that come twice.
pub(super) fn check_names(query: &str, known: &[String]) -> Result<(), Problem> {
    let pairs = pairs(query);
    for (position, (name, _)) in pairs.iter().enumerate() {
        if !known.contains(name) {
            return Err(Problem::invalid_parameter(
                name,
                "There is no such parameter.",
            ));
        }
        let mut before = pairs.iter().take(position);
        if before.any(|(other, _)| other == name) {
            return Err(Problem::invalid_parameter(
                name,
                "The parameter is given twice.",
            ));
        }
    }
    Ok(())
}

impl Asked {
    /// A parameter's text, `None` when it is absent or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Names and values that start with a prefix.
    pub(super) fn starting<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.pairs
            .iter()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str())))
    }

    pub(super) fn window(&self) -> Result<Window, Problem> {
        let Some(text) = self.text("window") else {
            return Ok(DEFAULT_WINDOW);
        };
        let window = text.parse().ok().and_then(Window::from_days);
        window.ok_or_else(|| {
            Problem::invalid_parameter("window", "The window is one of 30, 60, 90 and 180 days.")
        })
    }

    /// The day at whose end the answer shall speak.
    pub(super) fn as_of(&self) -> Result<Option<Date>, Problem> {
        self.date("as_of")
    }

    pub(super) fn date(&self, name: &str) -> Result<Option<Date>, Problem> {
        let parse = |text: &str| {
            let date: Result<Date, _> = text.parse();
            // jiff also reads whole timestamps; only a day has a single meaning here.
            date.ok()
                .filter(|date| date.to_string() == text && (1970..=9998).contains(&date.year()))
                .ok_or_else(|| Problem::invalid_parameter(name, "This is no date like 2026-11-23."))
        };
        self.text(name).map(parse).transpose()
    }

    /// `YYYY-MM` as its first day.
    pub(super) fn month(&self, name: &str) -> Result<Option<Date>, Problem> {
        let parse = |text: &str| {
            let date: Result<Date, _> = format!("{text}-01").parse();
            date.ok()
                .filter(|date| {
                    text.len() == 7
                        && date.to_string().starts_with(text)
                        && (1970..=9998).contains(&date.year())
                })
                .ok_or_else(|| Problem::invalid_parameter(name, "This is no month like 2026-11."))
        };
        self.text(name).map(parse).transpose()
    }

    pub(super) fn limit(&self) -> Result<i64, Problem> {
        let Some(text) = self.text("limit") else {
            return Ok(DEFAULT_LIMIT);
        };
        let limit = text
            .parse()
            .ok()
            .filter(|limit| (1..=LARGEST_LIMIT).contains(limit));
        limit.ok_or_else(|| Problem::invalid_parameter("limit", "The limit is 1 to 500."))
    }

    /// One word of a closed list.
    pub(super) fn word<W: Word>(&self, name: &str) -> Result<Option<W>, Problem> {
        self.text(name).map(|text| word(name, text)).transpose()
    }

    /// Several words of a closed list, separated by commas.
    pub(super) fn words<W: Word>(&self, name: &str) -> Result<Option<Vec<W>>, Problem> {
        let parse = |text: &str| text.split(',').map(|one| word(name, one)).collect();
        self.text(name).map(parse).transpose()
    }

    /// Ids, separated by commas.
    pub(super) fn ids(&self, name: &str) -> Result<Option<Vec<String>>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let ids: Vec<String> = text.split(',').map(str::to_owned).collect();
        if text.contains('\0') || ids.len() > MOST_IDS {
            return Err(Problem::invalid_parameter(name, "This is no list of ids."));
        }
        Ok(Some(ids))
    }

    /// A text to search for.
    pub(super) fn search(&self, name: &str) -> Result<Option<String>, Problem> {
        let text = self.text(name);
        if text.is_some_and(|text| text.len() > LONGEST_TEXT || text.contains('\0')) {
            return Err(Problem::invalid_parameter(
                name,
                "The text cannot be searched for.",
            ));
        }
        Ok(text.map(str::to_owned))
    }

    /// The key to order by, of an allow-list, and whether downwards.
    pub(super) fn sort<K: Copy>(
        &self,
        known: &[(&str, K)],
        default: K,
    ) -> Result<(K, bool), Problem> {
        let Some(text) = self.text("sort") else {
            return Ok((default, false));
        };
        let (name, descending) = text
            .strip_prefix('-')
            .map_or((text, false), |name| (name, true));
        let key = known.iter().find(|(known, _)| *known == name);
        key.map(|(_, key)| (*key, descending)).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).collect();
            let names = names.join(", ");
            Problem::invalid_parameter("sort", &format!("The order is one of {names}."))
        })
    }

    /// `format=` before `Accept`.
    pub(super) fn format(&self) -> Result<Format, Problem> {
        match self.text("format") {
            Some("json") => Ok(Format::Json),
            Some("csv") => Ok(Format::Csv),
            Some("ndjson") => Ok(Format::Ndjson),
            Some(_) => Err(Problem::invalid_parameter(
                "format",
                "The format is one of json, csv, ndjson.",
            )),
            None => Ok(self.accepted()),
        }
    }

    fn accepted(&self) -> Format {
        let accept = self.accept.as_deref().unwrap_or_default();
        let first = accept.split(',').find_map(|kind| {
            match kind.split(';').next().unwrap_or_default().trim() {
                "application/json" | "*/*" => Some(Format::Json),
                "text/csv" => Some(Format::Csv),
                "application/x-ndjson" => Some(Format::Ndjson),
                _ => None,
            }
        });
        first.unwrap_or(Format::Json)
    }
}

fn word<W: Word>(name: &str, text: &str) -> Result<W, Problem> {
    W::from_name(text)
        .ok_or_else(|| Problem::invalid_parameter(name, &format!("It is one of {}.", W::list())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str, accept: Option<&str>) -> Asked {
        Asked {
            target: String::new(),
            path: String::new(),
            if_none_match: None,
            accept: accept.map(str::to_owned),
            pairs: pairs(query),
        }
    }

    #[test]
    fn a_limit_is_never_silently_cut() {
        assert!(matches!(asked("", None).limit(), Ok(50)));
        assert!(matches!(asked("limit=500", None).limit(), Ok(500)));
        for bad in ["0", "501", "-1", "x"] {
            assert!(
                asked(&format!("limit={bad}"), None).limit().is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn the_order_comes_from_an_allow_list() {
        let known = [("name", 1), ("duty", 2)];
        let sort = |text: &str| asked(&format!("sort={text}"), None).sort(&known, 1).ok();
        assert_eq!(sort("-duty"), Some((2, true)));
        assert_eq!(sort("name"), Some((1, false)));
        assert_eq!(sort("id; drop table"), None);
        assert_eq!(sort("--name"), None);
    }

    #[test]
    fn the_format_is_asked_for_by_name_or_by_header() {
        let format = |query: &str, accept| asked(query, accept).format().ok();
        assert_eq!(format("", None), Some(Format::Json));
        assert_eq!(format("", Some("text/csv, */*;q=0.1")), Some(Format::Csv));
        assert_eq!(
            format("format=ndjson", Some("text/csv")),
            Some(Format::Ndjson)
        );
        assert_eq!(format("format=xlsx", None), None);
        assert_eq!(format("", Some("text/html")), Some(Format::Json));
    }

    #[test]
    fn a_day_is_a_day_and_nothing_else() {
        let day = |text: &str| asked(&format!("as_of={text}"), None).as_of().ok().flatten();
        assert!(day("2026-11-23").is_some());
        assert!(day("2026-11-23T10:00").is_none());
        assert!(day("2026-13-01").is_none());
        let month = |text: &str| {
            asked(&format!("month={text}"), None)
                .month("month")
                .ok()
                .flatten()
        };
        assert_eq!(
            month("2026-11").map(|day| day.to_string()).as_deref(),
            Some("2026-11-01")
        );
        assert!(month("2026-1").is_none());
    }

    #[test]
    fn a_name_that_is_not_known_or_comes_twice_is_refused() {
        let known = ["window".to_owned()];
        assert!(check_names("window=30", &known).is_ok());
        assert!(check_names("windows=30", &known).is_err());
        assert!(check_names("window=30&window=60", &known).is_err());
    }
}
