//! A browser without a screen: keeps cookies, follows redirects, sends the headers a browser sends.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::http::{self, Connection, Request, Response};
use crate::markup::Form;

const MOST_REDIRECTS: usize = 10;

/// Where a navigation ended.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) url: String,
    pub(crate) response: Response,
}

#[derive(Debug, Default)]
pub(crate) struct Browser {
    /// By authority, then by name.
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    /// Opens an address and follows redirects.
    pub(crate) fn open(&mut self, url: &str) -> Result<Page> {
        let response = self.send("GET", url, Vec::new(), Vec::new())?;
        self.follow(url.to_owned(), response)
    }

    /// Sends a form from `from` to `url` and follows redirects.
    pub(crate) fn submit(
        &mut self,
        from: &str,
        url: &str,
        fields: &[(String, String)],
    ) -> Result<Page> {
        let mut headers = same_origin(from, url)?;
        headers.push((
            "Content-Type",
            "application/x-www-form-urlencoded".to_owned(),
        ));
        let response = self.send("POST", url, headers, http::form(fields).into_bytes())?;
        self.follow(url.to_owned(), response)
    }

    /// Sends the page's own form.
    pub(crate) fn submit_form(&mut self, page: &Page, form: &Form) -> Result<Page> {
        let url = absolute(&page.url, &form.action)?;
        if form.method.eq_ignore_ascii_case("post") {
            return self.submit(&page.url, &url, &form.fields);
        }
        let bare = url.split('?').next().unwrap_or(&url);
        self.open(&format!("{bare}?{}", http::form(&form.fields)))
    }

    /// What the page's own script does: JSON with the header that a form cannot set.
    pub(crate) fn call(
        &mut self,
        method: &str,
        url: &str,
        body: Option<&Value>,
    ) -> Result<Response> {
        let mut headers = same_origin(url, url)?;
        headers.push(("X-Requested-With", "quolum".to_owned()));
        headers.push(("Accept", "application/json".to_owned()));
        let body = match body {
            Some(json) => {
                headers.push(("Content-Type", "application/json".to_owned()));
                serde_json::to_vec(json)?
            }
            None => Vec::new(),
        };
        self.send(method, url, headers, body)
    }

    /// The cookie header for an address.
    pub(crate) fn cookie_header(&self, url: &str) -> Result<Option<String>> {
        let (authority, _) = http::split(url)?;
        let cookies = self.cookies.get(authority).filter(|jar| !jar.is_empty());
        Ok(cookies.map(|jar| {
            let pairs: Vec<String> = jar
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            pairs.join("; ")
        }))
    }

    fn follow(&mut self, mut url: String, mut response: Response) -> Result<Page> {
        for _ in 0..MOST_REDIRECTS {
            let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
            let Some(location) = response.header("location").filter(|_| is_redirect) else {
                return Ok(Page { url, response });
            };
            url = absolute(&url, location)?;
            response = self.send("GET", &url, Vec::new(), Vec::new())?;
        }
        bail!("more than {MOST_REDIRECTS} redirects")
    }

    fn send(
        &mut self,
        method: &str,
        url: &str,
        mut headers: Vec<(&str, String)>,
        body: Vec<u8>,
    ) -> Result<Response> {
        let (authority, target) = http::split(url)?;
        if let Some(cookies) = self.cookie_header(url)? {
            headers.push(("Cookie", cookies));
        }
        let request = Request {
            method,
            target,
            headers,
            body,
        };
        let response = Connection::open(authority)?.send(&request)?;
        let jar = self.cookies.entry(authority.to_owned()).or_default();
        for cookie in response.headers("set-cookie") {
            keep(jar, cookie);
        }
        Ok(response)
    }
}

fn keep(jar: &mut BTreeMap<String, String>, cookie: &str) {
    let mut parts = cookie.split(';').map(str::trim);
    let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else {
        return;
    };
    let is_gone = parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
    if is_gone || value.is_empty() {
        jar.remove(name);
    } else {
        jar.insert(name.to_owned(), value.to_owned());
    }
}

fn same_origin(from: &str, to: &str) -> Result<Vec<(&'static str, String)>> {
    let (origin, _) = http::split(from)?;
    let (target, _) = http::split(to)?;
    let site = if origin == target {
        "same-origin"
    } else {
        "cross-site"
    };
    Ok(vec![
        ("Origin", format!("http://{origin}")),
        ("Sec-Fetch-Site", site.to_owned()),
    ])
}

/// Resolves a link the way the pages here use them: absolute, from the root, or only a query.
fn absolute(base: &str, link: &str) -> Result<String> {
    if link.starts_with("http://") {
        return Ok(link.to_owned());
    }
    let (authority, target) = http::split(base)?;
    if link.is_empty() {
        return Ok(base.to_owned());
    }
    if link.starts_with('/') {
        return Ok(format!("http://{authority}{link}"));
    }
    let path = target.split('?').next().unwrap_or(target);
    if link.starts_with('?') {
        return Ok(format!("http://{authority}{path}{link}"));
    }
    let folder = path.rsplit_once('/').context("a path without a slash")?.0;
    Ok(format!("http://{authority}{folder}/{link}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_resolved_against_the_page_they_stand_on() {
        let base = "http://h:1/oauth/authorize?a=b";
        let cases = [
            ("http://other:2/x", "http://other:2/x"),
            ("/sign-in", "http://h:1/sign-in"),
            ("?c=d", "http://h:1/oauth/authorize?c=d"),
            ("consent", "http://h:1/oauth/consent"),
            ("", base),
        ];
        for (link, expected) in cases {
            assert_eq!(absolute(base, link).unwrap(), expected);
        }
    }

    #[test]
    fn a_cookie_is_kept_until_it_is_taken_away() {
        let mut jar = BTreeMap::new();
        keep(&mut jar, "sid=abc; HttpOnly; Path=/");
        assert_eq!(jar.get("sid").map(String::as_str), Some("abc"));
        keep(&mut jar, "sid=x; Max-Age=0");
        assert!(jar.is_empty());
    }
}
