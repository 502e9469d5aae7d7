//! The web page inside the binary. Hashed assets never change; index.html is asked for again each
//! time. Without a built page a placeholder says so.

use axum::{
    extract::Path,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, Uri, header};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
struct Dist;

const PLACEHOLDER: &str = include_str!("../../placeholder.html");
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The page; its own router decides what to show.
pub(super) async fn index() -> Response {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    let body = match Dist::get("index.html") {
        Some(file) => file.data.into_owned(),
        None => PLACEHOLDER.as_bytes().to_vec(),
    };
    let headers = [
        (header::CONTENT_TYPE, html),
        (header::CACHE_CONTROL, ASK_AGAIN),
    ];
    (headers, body).into_response()
}

/// A hashed file of the page.
pub(super) async fn asset(Path(path): Path<String>) -> Response {
    match Dist::get(&format!("assets/{path}")) {
        Some(file) => serve(&path, file, IMMUTABLE),
        None => Problem::not_found("There is no such file.").into_response(),
    }
}

/// Everything else: a file beside index.html, or the page itself. Addresses that programs use never
/// answer with the page.
pub(super) async fn fallback(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let for_programs = ["api/", "connect/"]
        .iter()
        .any(|prefix| path.starts_with(prefix));
    if for_programs || path == "api" {
        return Problem::not_found("There is no such address.").into_response();
    }
    if !method.is_safe() {
        return Problem::method_not_allowed().into_response();
    }
    match Dist::get(path).filter(|_| path != "index.html") {
        Some(file) => serve(path, file, ASK_AGAIN),
        None => index().await,
    }
}

fn serve(path: &str, file: EmbeddedFile, keep: HeaderValue) -> Response {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = HeaderValue::from_str(kind.essence_str())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)];
    (headers, file.data.into_owned()).into_response()
}
