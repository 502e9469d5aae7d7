//! Cookies and our own origin. Over https the session cookie is bound to the host by its name.

use http::{HeaderMap, HeaderValue, header};
use url::Url;

/// How long the browser keeps the consent's binding, as long as the pending consent lives.
const BINDING_SECONDS: u32 = 600;
/// Name of the cookie that ties a consent to the browser that began it.
pub(super) const BINDING: &str = "connect";

/// Where browsers see us.
#[derive(Debug, Clone)]
pub struct Origin {
    text: String,
    secure: bool,
}

impl Origin {
    pub fn of(public_url: &Url) -> Self {
        Self {
            text: public_url.origin().ascii_serialization(),
            secure: public_url.scheme() == "https",
        }
    }

    /// For example `https://quolum.example`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn session_name(&self) -> &'static str {
        if self.secure { "__Host-sid" } else { "sid" }
    }

    fn secure_attribute(&self) -> &'static str {
        if self.secure { "; Secure" } else { "" }
    }

    /// The session's secret, when the browser sent one.
    pub(super) fn session(&self, headers: &HeaderMap) -> Option<String> {
        read(headers, self.session_name())
    }

    pub(super) fn set_session(&self, token: &str, seconds: i64) -> Option<HeaderValue> {
        let (name, secure) = (self.session_name(), self.secure_attribute());
        let text =
            format!("{name}={token}; HttpOnly; SameSite=Lax; Path=/; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).ok()
    }

    pub(super) fn clear_session(&self) -> Option<HeaderValue> {
        self.set_session("", 0)
    }

    pub(super) fn set_binding(&self, value: &str) -> Option<HeaderValue> {
        self.bind(value, "/connect")
    }

    /// The same for a sign-in with a provider.
    pub(super) fn set_sign_in_binding(&self, value: &str) -> Option<HeaderValue> {
        self.bind(value, "/sign-in")
    }

    fn bind(&self, value: &str, path: &str) -> Option<HeaderValue> {
        let secure = self.secure_attribute();
        let text = format!(
            "{BINDING}={value}; HttpOnly; SameSite=Lax; Path={path}; Max-Age={BINDING_SECONDS}{secure}"
        );
        HeaderValue::from_str(&text).ok()
    }

    pub(super) fn clear_binding(&self) -> Option<HeaderValue> {
        self.unbind("/connect")
    }

    pub(super) fn clear_sign_in_binding(&self) -> Option<HeaderValue> {
        self.unbind("/sign-in")
    }

    fn unbind(&self, path: &str) -> Option<HeaderValue> {
        let secure = self.secure_attribute();
        let text = format!("{BINDING}=; HttpOnly; SameSite=Lax; Path={path}; Max-Age=0{secure}");
        HeaderValue::from_str(&text).ok()
    }
}

/// The value of a cookie; the first one when it was sent twice.
pub(super) fn read(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, value)| *key == name && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_host_bound_over_https_only() {
        let https = Origin::of(&"https://quolum.example/x".parse().expect("valid"));
        let http = Origin::of(&"http://127.0.0.1:8080".parse().expect("valid"));
        assert_eq!(https.as_str(), "https://quolum.example");
        let set = https.set_session("abc", 60).expect("a header");
        assert_eq!(
            set,
            "__Host-sid=abc; HttpOnly; SameSite=Lax; Path=/; Max-Age=60; Secure"
        );
        let set = http.set_session("abc", 60).expect("a header");
        assert_eq!(set, "sid=abc; HttpOnly; SameSite=Lax; Path=/; Max-Age=60");
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; sid=x.y; b="));
        assert_eq!(read(&headers, "sid").as_deref(), Some("x.y"));
        assert_eq!(read(&headers, "b"), None);
        assert_eq!(read(&headers, "si"), None);
    }
}
