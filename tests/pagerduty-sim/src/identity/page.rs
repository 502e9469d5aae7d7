//! The pages a browser sees: plain HTML that works without scripts, with labels, headings and a visible focus.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::response::{Html, IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:Canvas;color:CanvasText}\
main{max-width:26rem;margin:4rem auto;padding:0 1rem}\
.mark{font-size:.875rem;border:1px solid;border-radius:.25rem;padding:.25rem .5rem;display:inline-block}\
label{display:block;margin-top:1rem;font-weight:600}\
input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;margin-top:.25rem}\
button{font:inherit;padding:.5rem 1rem;margin:1.5rem .5rem 0 0}\
[role=alert]{border-left:.25rem solid #b00020;padding-left:.75rem}\
:focus-visible{outline:.1875rem solid Highlight;outline-offset:.125rem}";

/// The sign-in page; with `error`, after a wrong try.
pub fn sign_in(transaction: &str, email: &str, error: Option<&str>) -> Response {
    let alert = error
        .map(|error| format!("<p role=\"alert\">{}</p>", escape(error)))
        .unwrap_or_default();
    let status = if error.is_some() {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::OK
    };
    let body = format!(
        "<h1>Sign in</h1>{alert}\
         <form method=\"post\" action=\"/oauth/authorize/sign-in\">\
         <input type=\"hidden\" name=\"transaction\" value=\"{transaction}\">\
         <label for=\"email\">Email</label>\
         <input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" required value=\"{email}\">\
         <label for=\"password\">Password</label>\
         <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" required>\
         <button type=\"submit\">Sign in</button></form>",
        transaction = escape(transaction),
        email = escape(email),
    );
    render(status, "Sign in", &body)
}

/// The consent page.
pub fn consent(transaction: &str, account: &str, app: &str, scopes: &BTreeSet<String>) -> Response {
    let mut list = String::new();
    for scope in scopes {
        let _ = write!(list, "<li><code>{}</code></li>", escape(scope));
    }
    let body = format!(
        "<h1>Allow {app} to use your account?</h1>\
         <p>Account: <strong>{account}.pagerduty.com</strong></p>\
         <p>{app} asks for:</p><ul>{list}</ul>\
         <form method=\"post\" action=\"/oauth/authorize/consent\">\
         <input type=\"hidden\" name=\"transaction\" value=\"{transaction}\">\
         <button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button></form>",
        app = escape(app),
        account = escape(account),
        transaction = escape(transaction),
    );
    render(StatusCode::OK, "Allow access", &body)
}

/// PagerDuty's own error page, status 400: the browser stays here.
pub fn refusal(message: &str) -> Response {
    let body = format!(
        "<h1>OAuth error</h1><p role=\"alert\">{}</p>",
        escape(message)
    );
    render(StatusCode::BAD_REQUEST, "OAuth error", &body)
}

fn render(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} – PagerDuty simulator</title><style>{STYLE}</style></head>\
         <body><main><p class=\"mark\">PagerDuty simulator</p>{body}</main></body></html>"
    );
    let mut response = (status, Html(html)).into_response();
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
