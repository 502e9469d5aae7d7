//! Finds the form in a page and what a person would send with it.

/// A form with the fields it sends by itself and the buttons a person can press.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) method: String,
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) buttons: Vec<(String, String)>,
}

impl Form {
    /// The first form of the page.
    pub(crate) fn first(page: &str) -> Option<Self> {
        let mut tags = page.split('<').skip(1);
        let opening = tags.by_ref().find(|tag| is_tag(tag, "form"))?;
        let mut form = Self {
            method: attribute(opening, "method").unwrap_or_else(|| "get".to_owned()),
            action: attribute(opening, "action").unwrap_or_default(),
            ..Self::default()
        };
        for tag in tags.take_while(|tag| !is_tag(tag, "/form")) {
            let Some(name) = attribute(tag, "name") else {
                continue;
            };
            let value = attribute(tag, "value").unwrap_or_default();
            let kind = attribute(tag, "type").unwrap_or_default();
            if is_tag(tag, "button") || (is_tag(tag, "input") && kind == "submit") {
                form.buttons.push((name, value));
            } else if is_tag(tag, "input") {
                form.fields.push((name, value));
            }
        }
        Some(form)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(found, _)| found == name)
    }

    /// Types into a field that the form has.
    pub(crate) fn fill(&mut self, name: &str, text: &str) {
        for (found, value) in &mut self.fields {
            if found == name {
                text.clone_into(value);
            }
        }
    }

    /// Presses a button: its name and value are sent as well. False when there is no such button.
    pub(crate) fn press(&mut self, name: &str, value: &str) -> bool {
        let button = (name.to_owned(), value.to_owned());
        let found = self.buttons.contains(&button);
        if found {
            self.fields.push(button);
        }
        found
    }
}

fn is_tag(tag: &str, name: &str) -> bool {
    let Some(start) = tag.get(..name.len()) else {
        return false;
    };
    let next = tag.get(name.len()..).and_then(|rest| rest.chars().next());
    start.eq_ignore_ascii_case(name)
        && next.is_none_or(|c| c.is_whitespace() || c == '>' || c == '/')
}

/// The value of an attribute in double, single or no quotes.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let inside = tag.split('>').next()?;
    let mut rest = inside.split_once(char::is_whitespace)?.1;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let end = rest
            .find(|c: char| c.is_whitespace() || c == '=' || c == '/')
            .unwrap_or(rest.len());
        let (found, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix('=') {
            Some(quoted) => value(quoted)?,
            None => ("", after.get(1..).unwrap_or_default()),
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(unescape(value));
        }
        rest = after;
    }
}

fn value(text: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote) {
            return inner.split_once(quote);
        }
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    Some(text.split_at(end))
}

fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&#x27;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!doctype html><html><head><title>Sign in</title></head><body>
        <form method="post" action="/oauth/authorize?state=a&amp;b=c" class='box'>
        <input type="hidden" name="request" value="x&quot;y">
        <input name=email type=email required /> <input type="password" name="password">
        <button type="submit" name="decision" value="allow">Allow</button>
        <button name='decision' value='deny'>Deny</button></form>
        <form action="/other"><input name="else"></form></body></html>"#;

    #[test]
    fn the_first_form_is_read_with_its_fields_and_buttons() {
        let form = Form::first(PAGE).unwrap();
        assert_eq!(form.method, "post");
        assert_eq!(form.action, "/oauth/authorize?state=a&b=c");
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            form.fields,
            [
                pair("request", "x\"y"),
                pair("email", ""),
                pair("password", "")
            ]
        );
        assert_eq!(
            form.buttons,
            [pair("decision", "allow"), pair("decision", "deny")]
        );
    }

    #[test]
    fn only_a_button_of_the_form_can_be_pressed() {
        let mut form = Form::first(PAGE).unwrap();
        form.fill("email", "admin@acme.example");
        assert!(!form.press("decision", "maybe"));
        assert!(form.press("decision", "allow"));
        assert_eq!(form.fields.get(1).unwrap().1, "admin@acme.example");
        assert_eq!(form.fields.last().unwrap().1, "allow");
    }

    #[test]
    fn a_page_without_a_form_has_none() {
        assert_eq!(Form::first("<p>formula <b>x</b>"), None);
    }
}
