//! Acts as a browser: cookies per origin, redirects followed by hand, forms filled in.

use std::collections::BTreeMap;

use reqwest::{Client, Method, Response, StatusCode, header, redirect::Policy};
use serde_json::Value;
use url::Url;

/// One person's browser.
#[derive(Debug, Clone)]
pub struct Browser {
    client: Client,
    home: Url,
    cookies: BTreeMap<(String, String), String>,
}

/// A page that has been reached after all redirects.
#[derive(Debug)]
pub struct Page {
    /// Where the browser ended.
    pub url: Url,
    /// HTTP status.
    pub status: StatusCode,
    /// The body.
    pub text: String,
}

impl Browser {
    /// With no cookies; `home` is the product's origin.
    pub fn new(home: &Url) -> Self {
        let client = Client::builder()
            .redirect(Policy::none())
            .build()
            .expect("a client");
        Self {
            client,
            home: home.clone(),
            cookies: BTreeMap::new(),
        }
    }

    /// Opens a sign-in link and confirms it, as the page does.
    pub async fn sign_in(&mut self, link: &str) {
        let link: Url = link.parse().expect("a link");
        let token = link
            .query_pairs()
            .find(|(name, _)| name == "token")
            .expect("a token")
            .1;
        let body = serde_json::json!({ "token": token });
        let answer = self.mutate("/sign-in", Some(body)).await;
        assert_eq!(answer.status(), StatusCode::NO_CONTENT, "sign-in");
    }

    /// A JSON mutation of the product, with the headers the page sends.
    pub async fn mutate(&mut self, path: &str, body: Option<Value>) -> Response {
        self.call(Method::POST, path, body).await
    }

    /// The same with another method.
    pub async fn call(&mut self, method: Method, path: &str, body: Option<Value>) -> Response {
        let url = self.home.join(path).expect("a path");
        let origin = self.home.origin().ascii_serialization();
        let request = self
            .client
            .request(method, url.clone())
            .header(header::ORIGIN, origin)
            .header("sec-fetch-site", "same-origin")
            .header("x-requested-with", "quolum")
            .json(&body.unwrap_or(Value::Null));
        let answer = request
            .header(header::COOKIE, self.cookie(&url))
            .send()
            .await
            .expect("an answer");
        self.keep_cookies(&url, &answer);
        answer
    }

    /// GET of the product's JSON.
    pub async fn json(&mut self, path: &str) -> Value {
        let (status, value) = self.try_json(path).await;
        assert!(status.is_success(), "{path}: {status}: {value}");
        value
    }

    /// GET of the product's JSON, whatever its status.
    pub async fn try_json(&mut self, path: &str) -> (StatusCode, Value) {
        let url = self.home.join(path).expect("a path");
        let cookie = self.cookie(&url);
        let answer = self
            .client
            .get(url)
            .header(header::COOKIE, cookie)
            .send()
            .await
            .expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        let value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}: {text}"));
        (status, value)
    }

    /// Presses Connect (or Reconnect) on a page and follows PagerDuty's redirect to its sign-in.
    pub async fn press_connect(&mut self, return_to: &str, connection: Option<&str>) -> Page {
        let url = self.home.join("/connect/pagerduty").expect("a path");
        let mut form = vec![("return_to", return_to.to_owned())];
        form.extend(connection.map(|id| ("connection_id", id.to_owned())));
        self.submit(Method::POST, url, &form).await
    }

    /// Submits a plain form of the product and follows where it leads.
    pub async fn post_form(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let url = self.home.join(path).expect("a path");
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        self.submit(Method::POST, url, &fields).await
    }

    /// Signs in at PagerDuty and answers the consent screen.
    pub async fn consent(&mut self, sign_in: Page, email: &str, decision: &str) -> Page {
        let form = Form::parse(&sign_in);
        let fields = form.filled(&[("email", email), ("password", "correct horse")]);
        let consent = self
            .submit(form.method.clone(), form.action.clone(), &fields)
            .await;
        let form = Form::parse(&consent);
        let fields = form.filled(&[("decision", decision)]);
        self.submit(form.method.clone(), form.action.clone(), &fields)
            .await
    }

    /// Opens a URL and follows redirects.
    pub async fn open(&mut self, url: Url) -> Page {
        self.submit(Method::GET, url, &[]).await
    }

    async fn submit(&mut self, method: Method, url: Url, form: &[(&str, String)]) -> Page {
        let (mut method, mut url, mut form) = (method, url, form);
        for _ in 0..10 {
            let mut request = self.client.request(method.clone(), url.clone());
            request = request.header(header::COOKIE, self.cookie(&url));
            if method == Method::POST {
                let origin = url.origin().ascii_serialization();
                request = request.header(header::ORIGIN, origin).form(form);
                request = request.header("sec-fetch-site", "same-origin");
            }
            let answer = request.send().await.expect("an answer");
            self.keep_cookies(&url, &answer);
            let Some(location) = answer.headers().get(header::LOCATION) else {
                let status = answer.status();
                return Page {
                    url,
                    status,
                    text: answer.text().await.expect("a body"),
                };
            };
            url = url.join(location.to_str().expect("text")).expect("a URL");
            (method, form) = (Method::GET, &[]);
        }
        panic!("redirected in circles, last to {url}");
    }

    fn cookie(&self, url: &Url) -> String {
        let origin = url.origin().ascii_serialization();
        let own = self.cookies.iter().filter(|((site, _), _)| *site == origin);
        own.map(|((_, name), value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("; ")
    }

    fn keep_cookies(&mut self, url: &Url, answer: &Response) {
        let origin = url.origin().ascii_serialization();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let text = cookie.to_str().expect("text");
            let (name, rest) = text.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            let key = (origin.clone(), name.to_owned());
            if value.is_empty() {
                self.cookies.remove(&key);
            } else {
                self.cookies.insert(key, value.to_owned());
            }
        }
    }
}

/// The first form of a page: enough HTML for the simulator's pages.
struct Form {
    method: Method,
    action: Url,
    hidden: Vec<(String, String)>,
}

impl Form {
    fn parse(page: &Page) -> Self {
        let html = &page.text;
        let start = html
            .find("<form")
            .unwrap_or_else(|| panic!("no form at {}: {html}", page.url));
        let end = html[start..]
            .find("</form>")
            .map_or(html.len(), |at| start + at);
        let form = &html[start..end];
        let tag = &form[..form.find('>').expect("a tag")];
        let action = attribute(tag, "action").unwrap_or_default();
        let method = attribute(tag, "method").unwrap_or_default();
        let inputs = form.split("<input").skip(1);
        let hidden = inputs
            .filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
            .filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value")?)));
        Self {
            method: if method.eq_ignore_ascii_case("post") {
                Method::POST
            } else {
                Method::GET
            },
            action: page.url.join(&action).expect("an action"),
            hidden: hidden.collect(),
        }
    }

    fn filled<'a>(&'a self, fields: &[(&'a str, &str)]) -> Vec<(&'a str, String)> {
        let hidden = self
            .hidden
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()));
        hidden
            .chain(
                fields
                    .iter()
                    .map(|(name, value)| (*name, (*value).to_owned())),
            )
            .collect()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let tag = &tag[..tag.find('>').unwrap_or(tag.len())];
    let rest = &tag[tag.find(&format!("{name}=\""))? + name.len() + 2..];
    let value = &rest[..rest.find('"')?];
    Some(
        value
            .replace("&amp;", "&")
            .replace("&#x2F;", "/")
            .replace("&quot;", "\""),
    )
}
