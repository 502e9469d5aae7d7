//! Connects the demo organization the way a person would: a sign-in link, the Connect button, PagerDuty's own
//! sign-in and consent pages, and the way back.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::browser::{Browser, Page};
use crate::console::{self, Pulse};
use crate::demo;
use crate::http;
use crate::markup::Form;
use crate::report::{field, number, text};
use crate::services::World;

pub(crate) const ORGANIZATION: &str = "Acme demo";
pub(crate) const PERSON: &str = "demo@acme.example";
const PERSON_NAME: &str = "Demo owner";
/// Sign-in, consent, and room for a page in between.
const MOST_FORMS: usize = 5;
const SYNC_LIMIT: Duration = Duration::from_mins(30);
/// After a consent the first run should be known by then.
const RUN_APPEARS: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(400);

/// A person who is signed in.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) browser: Browser,
    pub(crate) public_url: String,
}

/// Makes the organization and its owner; the same ones again after the first time.
pub(crate) fn create_organization(world: &World) -> Result<()> {
    let answer = world.ask(
        "auth-service",
        &[
            "org",
            "create",
            "--name",
            ORGANIZATION,
            "--owner-email",
            PERSON,
            "--owner-name",
            PERSON_NAME,
        ],
    )?;
    let line = answer.lines().last().unwrap_or_default();
    let ids: Value = serde_json::from_str(line)
        .with_context(|| format!("auth-service org create answered {answer}"))?;
    ids.get("org_id").context("no org_id in the answer")?;
    Ok(())
}

pub(crate) fn sign_in_link(world: &World) -> Result<String> {
    let answer = world.ask("auth-service", &["sign-in-link", "--email", PERSON])?;
    let link = answer.lines().rev().find(|line| line.starts_with("http"));
    Ok(link
        .context("no link in the answer of sign-in-link")?
        .to_owned())
}

impl Session {
    pub(crate) fn sign_in(world: &World) -> Result<Self> {
        let link = sign_in_link(world)?;
        let token = parameter(&link, "token").context("no token in the sign-in link")?;
        let mut browser = Browser::default();
        browser.open(&link)?;
        let address = format!("{}/sign-in", world.public_url);
        let answer = browser.call("POST", &address, Some(&json!({ "token": token })))?;
        if answer.status != 204 {
            bail!(
                "POST /sign-in answered {}: {}",
                answer.status,
                answer.text()
            );
        }
        Ok(Self {
            browser,
            public_url: world.public_url.clone(),
        })
    }

    /// Reads from the API; None is "not found".
    pub(crate) fn read(&mut self, path: &str) -> Result<Option<Value>> {
        let address = format!("{}/api/v1{path}", self.public_url);
        let answer = self.browser.call("GET", &address, None)?;
        match answer.status {
            200 => answer.json().map(Some),
            404 => Ok(None),
            status => bail!("GET {path} answered {status}: {}", answer.text()),
        }
    }

    pub(crate) fn connection(&mut self) -> Result<Option<Value>> {
        let answer = self.read("/connections")?.unwrap_or_default();
        Ok(answer.pointer("/data/0").cloned())
    }

    /// The whole round trip over PagerDuty's pages.
    pub(crate) fn connect(&mut self, connection: Option<&str>) -> Result<()> {
        let mut fields = vec![("return_to".to_owned(), "/".to_owned())];
        if let Some(id) = connection {
            fields.push(("connection_id".to_owned(), id.to_owned()));
        }
        let start = format!("{}/connect/pagerduty", self.public_url);
        let mut page = self.browser.submit(&start, &start, &fields)?;
        for _ in 0..MOST_FORMS {
            if page.url.starts_with(&self.public_url) {
                return outcome(&page);
            }
            let mut form = Form::first(&page.response.text()).with_context(|| {
                let status = page.response.status;
                format!(
                    "PagerDuty's page ({status}) has no form: {}",
                    page.response.text()
                )
            })?;
            if form.has("password") {
                form.fill("email", demo::ADMIN);
                form.fill("password", "demo");
            }
            form.press("decision", "allow");
            page = self.browser.submit_form(&page, &form)?;
        }
        bail!("the way back from PagerDuty was not found")
    }

    /// Asks for another run; one that runs already is as good.
    pub(crate) fn start_sync(&mut self, connection: &str) -> Result<()> {
        let address = format!("{}/api/v1/connections/{connection}/syncs", self.public_url);
        let answer = self.browser.call("POST", &address, None)?;
        match answer.status {
            202 | 409 => Ok(()),
            status => bail!("POST …/syncs answered {status}: {}", answer.text()),
        }
    }

    /// Waits until a run other than `before` has been stored, and answers the connection.
    pub(crate) fn wait_for_sync(
        &mut self,
        before: Option<&str>,
        world: &mut World,
        pulse: &mut Pulse,
    ) -> Result<Value> {
        let started = Instant::now();
        let mut asked = false;
        let mut told = String::new();
        loop {
            console::check_interrupted()?;
            world.check()?;
            let connection = self.connection()?.context("the connection is gone")?;
            let sync = field(&connection, "/sync");
            let is_new =
                before != sync.pointer("/run_id").and_then(Value::as_str) && !sync.is_null();
            let state = text(sync, "/state");
            if is_new && state == "succeeded" && field(sync, "/stored") == &Value::Bool(true) {
                return Ok(connection);
            }
            let has_failed = is_new && state == "failed";
            if has_failed && asked {
                bail!("the sync failed: {}", text(sync, "/reason"));
            }
            let is_late = !is_new && started.elapsed() > RUN_APPEARS;
            if !asked && (has_failed || is_late) {
                self.start_sync(text(&connection, "/id"))?;
                asked = true;
            }
            if started.elapsed() > SYNC_LIMIT {
                bail!(
                    "no stored sync after {} s: {}",
                    SYNC_LIMIT.as_secs(),
                    progress(sync)
                );
            }
            let now = if is_new {
                progress(sync)
            } else {
                "queued".to_owned()
            };
            pulse.beat(|| now.clone());
            if milestone(&now) != milestone(&told) {
                pulse.tell(&now);
            }
            told = now;
            std::thread::sleep(POLL);
        }
    }
}

/// How far a run is, in one line.
fn progress(sync: &Value) -> String {
    let datasets = field(sync, "/datasets")
        .as_array()
        .cloned()
        .unwrap_or_default();
    let sum = |name: &str| {
        datasets
            .iter()
            .map(|dataset| number(dataset, name))
            .sum::<i64>()
    };
    let done = datasets
        .iter()
        .filter(|dataset| text(dataset, "/state") != "pending")
        .count();
    format!(
        "{}, {done} of {} datasets, windows {} of {}, {} records received, {} stored",
        text(sync, "/state"),
        datasets.len(),
        sum("/windows_done"),
        sum("/windows_planned"),
        sum("/received"),
        sum("/stored"),
    )
}

/// The part of a progress line whose change is worth a line of its own.
fn milestone(progress: &str) -> Option<&str> {
    progress.split(", windows").next()
}

fn outcome(page: &Page) -> Result<()> {
    match parameter(&page.url, "consent").as_deref() {
        Some("connected") => Ok(()),
        Some(other) => bail!("the consent came back as {other}"),
        None => bail!(
            "the way to PagerDuty ended at {} with status {}: {}",
            page.url.split('?').next().unwrap_or_default(),
            page.response.status,
            page.response.text().chars().take(300).collect::<String>()
        ),
    }
}

fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, target) = http::split(url).ok()?;
    let query = target.split_once('?')?.1;
    query.split('&').find_map(|pair| {
        let (found, value) = pair.split_once('=')?;
        (found == name).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_from_a_link() {
        let link = "http://127.0.0.1:1/sign-in?x=y&token=a-b_c";
        assert_eq!(parameter(link, "token").as_deref(), Some("a-b_c"));
        assert_eq!(parameter(link, "none"), None);
        assert_eq!(parameter("http://127.0.0.1:1/", "token"), None);
    }

    #[test]
    fn progress_sums_the_datasets() {
        let sync = json!({"state": "running", "datasets": [
            {"state": "complete", "windows_done": 2, "windows_planned": 2, "received": 10, "stored": 9},
            {"state": "pending", "windows_done": 0, "windows_planned": 3, "received": 0, "stored": 0},
        ]});
        assert_eq!(
            progress(&sync),
            "running, 1 of 2 datasets, windows 2 of 5, 10 records received, 9 stored"
        );
    }
}
