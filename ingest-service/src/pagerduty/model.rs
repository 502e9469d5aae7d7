//! PagerDuty's answers as typed records. Hand-written and tolerant: every field may be missing,
//! null, or of another type than documented; unknown fields are skipped; only the list itself must
//! be there. What leaves this module are facts.

pub mod activity;
pub mod configuration;
pub mod drift;
pub mod duty;
pub mod event;
pub mod measure;
pub mod people;
pub mod presence;
pub mod response;
pub mod subscription;
pub mod value;

use proto::facts::v1::envelope::Payload;
use serde::de::DeserializeOwned;

/// One page of a list, as facts.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The facts, ready to be published.
    pub payload: Payload,
    /// Records in the answer, readable or not: what the next offset counts.
    pub rows: i64,
    /// Records without what identifies them.
    pub unreadable: i64,
    /// Whether PagerDuty says that there is more; `None` when it does not say.
    pub more: Option<bool>,
    /// How many there are in all, if asked and told.
    pub total: Option<i64>,
    /// Where the next page starts, for lists that are not counted through.
    pub cursor: Option<String>,
}

impl Page {
    /// Nothing.
    pub fn empty() -> Self {
        Self {
            payload: Payload::Resources(proto::facts::v1::Resources::default()),
            rows: 0,
            unreadable: 0,
            more: None,
            total: None,
            cursor: None,
        }
    }
}

/// The answer is not what PagerDuty documents, not even loosely.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// 200 with a web page.
    #[error("PagerDuty answers with a web page instead of data")]
    Html,
    /// Cut off, or no JSON, or the list is missing.
    #[error("PagerDuty's answer is malformed at `{path}`")]
    Json {
        /// Where, for example `users[3]`.
        path: String,
    },
}

/// Decodes a body; the error says where it went wrong, and nothing of what stood there.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    if body.trim_ascii_start().first() == Some(&b'<') {
        return Err(Malformed::Html);
    }
    if let Ok(value) = serde_json::from_slice(body) {
        return Ok(value);
    }
    // Once more, slowly, for the place where it went wrong.
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| Malformed::Json {
        path: error.path().to_string(),
    })?;
    json.end().map_err(|_| Malformed::Json {
        path: "the end".to_owned(),
    })?;
    Ok(value)
}

/// The facts among the rows, and how many rows are none.
pub(crate) fn facts<R, F>(rows: Vec<R>, fact: impl Fn(R) -> Option<F>) -> (Vec<F>, i64) {
    let count = rows.len();
    let facts: Vec<F> = rows.into_iter().filter_map(fact).collect();
    let unreadable = (count - facts.len()) as i64;
    (facts, unreadable)
}

/// The same where a row may be several facts; one that is none cannot be read.
pub(crate) fn many_facts<R, F>(rows: Vec<R>, facts: impl Fn(R) -> Vec<F>) -> (Vec<F>, i64) {
    let mut unreadable = 0;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let of_row = facts(row);
        unreadable += i64::from(of_row.is_empty());
        all.extend(of_row);
    }
    (all, unreadable)
}

/// Declares the envelope of a list whose records are under `$field`, and the function that reads it;
/// `via` names what makes facts of a row, `many` when a row may be several.
macro_rules! classic {
    ($(#[$doc:meta])* $read:ident, $field:ident: $row:ty => $payload:ident) => {
        $crate::pagerduty::model::classic!($(#[$doc])* $read, $field: $row => $payload via <$row>::fact);
    };
    ($(#[$doc:meta])* $read:ident, $field:ident: $row:ty => $payload:ident via $fact:expr) => {
        $crate::pagerduty::model::classic!(@ $(#[$doc])* $read, $field: $row => $payload, |rows| $crate::pagerduty::model::facts(rows, $fact));
    };
    ($(#[$doc:meta])* $read:ident, $field:ident: $row:ty => $payload:ident many $facts:expr) => {
        $crate::pagerduty::model::classic!(@ $(#[$doc])* $read, $field: $row => $payload, |rows| $crate::pagerduty::model::many_facts(rows, $facts));
    };
    (@ $(#[$doc:meta])* $read:ident, $field:ident: $row:ty => $payload:ident, $all:expr) => {
        $(#[$doc])*
        pub fn $read(body: &[u8]) -> Result<$crate::pagerduty::Page, $crate::pagerduty::Malformed> {
            use $crate::pagerduty::model::value::{Flag, Integer, Text};

            #[derive(serde::Deserialize)]
            struct Answer {
                $field: Vec<$row>,
                #[serde(default)]
                more: Flag,
                #[serde(default)]
                total: Integer,
                #[serde(default)]
                next_cursor: Text,
                #[serde(default)]
                after: Text,
                #[serde(default)]
                last: Text,
            }
            let answer: Answer = $crate::pagerduty::model::decode(body)?;
            let rows = answer.$field.len() as i64;
            let all: fn(Vec<$row>) -> (Vec<_>, i64) = $all;
            let (records, unreadable) = all(answer.$field);
            let cursor = answer.next_cursor.filled().or_else(|| answer.after.filled());
            Ok($crate::pagerduty::Page {
                payload: proto::facts::v1::envelope::Payload::$payload(proto::facts::v1::$payload { records }),
                rows,
                unreadable,
                more: answer.more.0,
                total: answer.total.0,
                cursor: cursor.or_else(|| answer.last.filled()),
            })
        }
    };
}
pub(crate) use classic;
