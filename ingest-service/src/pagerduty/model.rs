//! PagerDuty's answers as typed records. Hand-written and tolerant: every field may be missing,
//! null, or of another type than documented; unknown fields are skipped; only the list itself must
//! be there. What leaves this module are facts.

pub mod duty;
pub mod people;
pub mod response;
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
    /// Analytics: where the next page starts.
    pub cursor: Option<String>,
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

/// Declares the envelope of a classic list whose records are under `$field`, and the function that
/// reads it.
macro_rules! classic {
    ($(#[$doc:meta])* $read:ident, $field:ident: $row:ty => $payload:ident) => {
        $(#[$doc])*
        pub fn $read(body: &[u8]) -> Result<$crate::pagerduty::Page, $crate::pagerduty::Malformed> {
            #[derive(serde::Deserialize)]
            struct Answer {
                $field: Vec<$row>,
                #[serde(default)]
                more: $crate::pagerduty::model::value::Flag,
                #[serde(default)]
                total: $crate::pagerduty::model::value::Integer,
            }
            let answer: Answer = $crate::pagerduty::model::decode(body)?;
            let rows = answer.$field.len() as i64;
            let (records, unreadable) = $crate::pagerduty::model::facts(answer.$field, <$row>::fact);
            Ok($crate::pagerduty::Page {
                payload: proto::facts::v1::envelope::Payload::$payload(proto::facts::v1::$payload { records }),
                rows,
                unreadable,
                more: answer.more.0,
                total: answer.total.0,
                cursor: None,
            })
        }
    };
}
pub(crate) use classic;
