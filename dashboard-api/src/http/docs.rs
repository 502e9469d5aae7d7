//! The API's description for programs and, as a page that loads nothing from elsewhere, for people.

use std::{fmt::Write, sync::OnceLock};

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use serde_json::Value;

use super::api::openapi;

const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// OpenAPI 3.1.
pub(super) async fn document() -> Response {
    static DOCUMENT: OnceLock<String> = OnceLock::new();
    let text = DOCUMENT.get_or_init(|| openapi().to_json().unwrap_or_default());
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        ),
        (header::CACHE_CONTROL, ASK_AGAIN),
    ];
    (headers, text.as_str()).into_response()
}

/// Every operation with its parameters and shapes.
pub(super) async fn page() -> Response {
    static PAGE: OnceLock<String> = OnceLock::new();
    let text = PAGE.get_or_init(|| {
        let document = serde_json::to_value(openapi()).unwrap_or_default();
        render(&document).unwrap_or_default()
    });
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (header::CACHE_CONTROL, ASK_AGAIN),
    ];
    (headers, text.as_str()).into_response()
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;\
    color:#1a1a1a;background:#fff}h2{margin-top:2.5rem}summary{cursor:pointer;padding:.4rem 0}\
    code{font-size:.95em}pre{background:#f4f4f5;padding:.75rem;overflow:auto}\
    table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.25rem .5rem;\
    border-bottom:1px solid #ddd;vertical-align:top}\
    @media(prefers-color-scheme:dark){body{color:#eee;background:#161618}pre{background:#242427}\
    td,th{border-color:#444}a{color:#8ab4ff}}";

fn render(document: &Value) -> Result<String, std::fmt::Error> {
    let mut html = String::from("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    write!(
        html,
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>API</title><style>{STYLE}</style></head><body><h1>API</h1><p>{}</p>\
         <p>For programs: <a href=\"/api/openapi.json\">openapi.json</a>. Keys go in the header \
         <code>Authorization: Bearer …</code>.</p><h2>Operations</h2>",
        text(at(document, "/info/description"))
    )?;
    for (path, item) in fields(at(document, "/paths")) {
        for (method, operation) in fields(item) {
            render_operation(&mut html, (method, path), operation)?;
        }
    }
    html.push_str("<h2>Shapes</h2>");
    for (name, schema) in fields(at(document, "/components/schemas")) {
        let shown = serde_json::to_string_pretty(schema).unwrap_or_default();
        write!(
            html,
            "<details id=\"{0}\"><summary><code>{0}</code></summary><pre>{1}</pre></details>",
            escape(name),
            escape(&shown)
        )?;
    }
    html.push_str("</body></html>");
    Ok(html)
}

fn render_operation(
    html: &mut String,
    (method, path): (&str, &str),
    operation: &Value,
) -> std::fmt::Result {
    write!(
        html,
        "<details><summary><strong>{}</strong> <code>{}</code> {}</summary><table>",
        method.to_uppercase(),
        escape(path),
        text(at(operation, "/summary"))
    )?;
    for one in at(operation, "/parameters")
        .as_array()
        .into_iter()
        .flatten()
    {
        write!(
            html,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td></tr>",
            text(at(one, "/name")),
            text(at(one, "/in")),
            text(at(one, "/description"))
        )?;
    }
    for (status, answer) in fields(at(operation, "/responses")) {
        write!(
            html,
            "<tr><th scope=\"row\">{}</th><td colspan=\"2\">{} {}</td></tr>",
            escape(status),
            text(at(answer, "/description")),
            shape(at(answer, "/content"))
        )?;
    }
    html.push_str("</table></details>");
    Ok(())
}

/// A link to the shape of a body.
fn shape(content: &Value) -> String {
    let named = fields(content).find_map(|(_, one)| {
        let name = one.pointer("/schema/$ref")?.as_str()?.rsplit('/').next()?;
        Some(escape(name))
    });
    named
        .map(|name| format!("<a href=\"#{name}\"><code>{name}</code></a>"))
        .unwrap_or_default()
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn fields(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_of_the_api_loads_nothing_and_names_every_operation() {
        let document = serde_json::to_value(super::openapi()).expect("serializes");
        let page = super::render(&document).expect("rendered");
        for path in document["paths"].as_object().expect("paths").keys() {
            assert!(page.contains(&super::escape(path)), "{path}");
        }
        for sign in [
            "<script", "<link", "<img", "src=", "url(", "@import", "http://", "https://",
        ] {
            assert!(!page.contains(sign), "{sign}");
        }
    }
}
