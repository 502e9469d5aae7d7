//! Answers whose JSON says something else than it should: drift, moved rows, lists without end.

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::Uri;
use http::header::CONTENT_LENGTH;
use serde_json::{Map, Value, json};

use super::{FaultKind, collect};

/// Whether the fault is one of these.
pub(super) fn is_drift(kind: FaultKind) -> bool {
    use FaultKind as F;
    matches!(
        kind,
        F::NewEnum
            | F::Null
            | F::Missing
            | F::Renamed
            | F::TypeChanged
            | F::EndlessMore
            | F::EmptyPage
    )
}

/// The true answer, changed.
pub(super) async fn changed(response: Response, kind: FaultKind, field: Option<&str>) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = collect(body).await;
    let Ok(mut value) = serde_json::from_slice::<Value>(&whole) else {
        return Response::from_parts(parts, Body::from(whole));
    };
    match kind {
        FaultKind::EndlessMore => endless(&mut value),
        FaultKind::EmptyPage => {
            rows(&mut value).into_iter().for_each(Vec::clear);
            endless(&mut value);
        }
        _ => drift(&mut value, kind, field.unwrap_or("type")),
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}

fn endless(value: &mut Value) {
    if value.get("more").is_some() {
        value["more"] = json!(true);
    }
}

/// The lists of an answer.
fn rows(value: &mut Value) -> Vec<&mut Vec<Value>> {
    let members = value.as_object_mut().into_iter().flat_map(Map::values_mut);
    members.filter_map(Value::as_array_mut).collect()
}

fn drift(value: &mut Value, kind: FaultKind, field: &str) {
    for row in rows(value).into_iter().flatten() {
        let Some(row) = row.as_object_mut() else {
            continue;
        };
        let Some(old) = row.remove(field) else {
            continue;
        };
        let new = match kind {
            FaultKind::NewEnum => json!("never_seen_before"),
            FaultKind::Null => Value::Null,
            FaultKind::TypeChanged => other_type(&old),
            FaultKind::Renamed => {
                row.insert(format!("{field}_v2"), old);
                continue;
            }
            _ => continue,
        };
        row.insert(field.to_owned(), new);
    }
}

fn other_type(old: &Value) -> Value {
    match old {
        Value::String(_) => json!(7),
        Value::Number(number) => json!(number.to_string()),
        Value::Object(_) => json!([]),
        Value::Array(_) => json!({}),
        Value::Bool(flag) => json!(flag.to_string()),
        Value::Null => json!(false),
    }
}

/// The page that stands there after the list has moved: what was read before comes again, or some is never seen.
pub(super) async fn moved(mut request: Request, next: Next, by: i64) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let asked = pairs.iter().find(|(name, _)| name == "offset");
    let asked: i64 = asked.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    if asked == 0 {
        return next.run(request).await;
    }
    let other = (asked - by).max(0).to_string();
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs.iter().map(|(name, value)| {
            let value = if name == "offset" { &other } else { value };
            (name, value)
        }))
        .finish();
    let path = request.uri().path();
    if let Ok(uri) = format!("{path}?{query}").parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    let (mut parts, body) = next.run(request).await.into_parts();
    let whole = collect(body).await;
    let Ok(mut value) = serde_json::from_slice::<Value>(&whole) else {
        return Response::from_parts(parts, Body::from(whole));
    };
    if value.get("offset").is_some() {
        value["offset"] = json!(asked);
    }
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(value.to_string()))
}
