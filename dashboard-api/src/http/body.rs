//! JSON bodies: the right kind, no unknown field, and a pointer to what is wrong.

use axum::{body::Bytes, extract::FromRequest, extract::Request};
use http::header;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::{Shared, problem::Problem};

/// The deepest that any of our bodies can be; refused before it is parsed into anything.
const DEEPEST: usize = 8;

/// A body of one shape.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Shared) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next());
        if kind.map(str::trim) != Some("application/json") {
            return Err(Problem::invalid_body("#", "Send application/json."));
        }
        let bytes = Bytes::from_request(request, app).await;
        let bytes = bytes.map_err(|_| Problem::too_large())?;
        parse(&bytes).map(Self)
    }
}

/// The same for a body that is at hand.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if depth(bytes) > DEEPEST {
        return Err(Problem::invalid_body("#", "The body is nested too deeply."));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut reader);
    let value = read.map_err(|error| {
        let mut pointer = "#".to_owned();
        for segment in error.path() {
            match segment {
                Segment::Seq { index } => pointer = format!("{pointer}/{index}"),
                Segment::Map { key } => pointer = format!("{pointer}/{}", escaped(key)),
                Segment::Enum { variant } => pointer = format!("{pointer}/{variant}"),
                Segment::Unknown => {}
            }
        }
        Problem::invalid_body(&pointer, &words(&error.inner().to_string()))
    })?;
    reader
        .end()
        .map_err(|_| Problem::invalid_body("#", "There is something behind the JSON value."))?;
    Ok(value)
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The reader's message without its position, which means nothing to a person.
fn words(message: &str) -> String {
    let text = message.split(" at line ").next().unwrap_or(message);
    text.to_owned()
}

/// How deep lists and objects stand in each other.
fn depth(bytes: &[u8]) -> usize {
    let (mut now, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                now += 1;
                deepest = deepest.max(now);
            }
            b'}' | b']' if !quoted => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only read by serde")]
    struct Shape {
        list: Vec<u8>,
    }

    #[test]
    fn a_mistake_is_pointed_at() {
        let pointer = |text: &str| {
            let refused = parse::<Shape>(text.as_bytes()).map(drop);
            refused.expect_err("refused").pointers().join(" ")
        };
        assert_eq!(pointer(r#"{"list": [1, "x"]}"#), "#/list/1");
        assert_eq!(pointer(r#"{"list": [], "more": 1}"#), "#/more");
        assert_eq!(pointer("nonsense"), "#");
        assert_eq!(pointer(&"[".repeat(100)), "#");
        assert!(parse::<Shape>(br#"{"list": []} x"#).is_err());
        assert!(parse::<Shape>(br#"{"list": [1]}"#).is_ok());
    }

    #[test]
    fn brackets_in_a_text_do_not_count() {
        assert_eq!(depth(br#"{"a": "[[\"[["}"#), 1);
    }
}
