//! What handlers do with a question and its generation besides answering it.

use std::collections::HashMap;

use axum::{Json, response::IntoResponse, response::Response};
use http::{HeaderValue, header};
use jiff::civil::Date;
use proto::auth::v1::RecordAuditRequest;
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::{
    answer::{Ask, Opened},
    asked::Format,
    cursor::Cursor,
    export,
    problem::Problem,
    shapes::{List, Rows},
};
use crate::store::read::SeatFilter;

impl Ask {
    /// The same question once more.
    pub(super) fn again(&self) -> Self {
        Self {
            app: self.app.clone(),
            caller: self.caller.clone(),
            asked: self.asked.clone(),
        }
    }

    /// Rows that belong to no generation.
    pub(super) fn rows<T: Serialize>(
        &self,
        data: Vec<T>,
        columns: &[&str],
    ) -> Result<Response, Problem> {
        self.body(&Rows::from(data), columns)
    }

    /// A body with `data`, in the format that was asked for.
    pub(super) fn body<T: Serialize>(
        &self,
        body: &T,
        columns: &[&str],
    ) -> Result<Response, Problem> {
        let format = self.asked.format()?;
        if format == Format::Json {
            return Ok(Json(body).into_response());
        }
        let bytes = export::rows_of(body, columns, format)?;
        Ok((export::headers(format, &self.asked.path), bytes).into_response())
    }

    /// Writes what is about to be done to the audit log; without it nothing is done.
    pub(super) async fn note(
        &self,
        action: &str,
        subject: &str,
        detail: Value,
    ) -> Result<(), Problem> {
        let message = RecordAuditRequest {
            org_id: self.caller.org.to_string(),
            actor: self.caller.actor(),
            actor_name: self.caller.actor_name().to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_string(),
        };
        let noted = self.app.auth.record_audit(message).await;
        noted
            .map(drop)
            .map_err(|status| Problem::of_peer(&status, "The audit log"))
    }
}

impl Opened {
    /// Which seats are asked for.
    pub(super) fn filter(&self) -> SeatFilter<'_> {
        SeatFilter {
            generation: self.generation.number,
            window: self.window,
            team: self.team.as_deref(),
            license: self.license.as_deref(),
        }
    }

    /// The day whose prices hold.
    pub(super) fn day(&self) -> Date {
        self.generation.day
    }

    pub(super) fn seal(&self, binding: &str, cursor: &Cursor) -> Option<String> {
        let cursors = &self.app().cursors;
        cursors.seal(self.org(), binding, cursor)
    }

    pub(super) fn seal_number(&self, binding: &str, number: i64) -> Option<String> {
        let cursors = &self.app().cursors;
        cursors.seal_number(self.org(), binding, self.generation.number, number)
    }

    /// A page of a list, with the address of the next in `Link`.
    pub(super) fn finish_page<T: Serialize>(self, body: &List<T>) -> Result<Response, Problem> {
        let link = body.next_cursor.as_deref().and_then(|next| self.link(next));
        let mut response = self.finish(body)?;
        if let Some(link) = link {
            response.headers_mut().insert(header::LINK, link);
        }
        Ok(response)
    }

    /// The same in the format that was asked for.
    pub(super) fn finish_pages<T: Serialize>(
        self,
        body: &List<T>,
        columns: &[&str],
    ) -> Result<Response, Problem> {
        if self.format == Format::Json {
            return self.finish_page(body);
        }
        self.finish_list(body, columns)
    }

    fn link(&self, next: &str) -> Option<HeaderValue> {
        let asked = &self.ask.asked;
        let kept = asked
            .starting("")
            .filter(|(name, value)| *name != "cursor" && !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept)
            .append_pair("cursor", next)
            .finish();
        HeaderValue::from_str(&format!("<{}?{query}>; rel=\"next\"", asked.path)).ok()
    }

    /// The account's own site at PagerDuty; links are left out while it cannot be asked for.
    pub(super) async fn site(&self, connection: Uuid) -> Option<String> {
        self.sites().await.remove(&connection)
    }

    pub(super) async fn sites(&self) -> HashMap<Uuid, String> {
        let connections = self.app().auth.connections(self.org()).await;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
        let named = connections.unwrap_or_default().into_iter();
        let named = named.filter_map(|connection| {
            let subdomain = connection.subdomain;
            let usable = !subdomain.is_empty() && subdomain.chars().all(plain);
            let id: Uuid = connection.id.parse().ok()?;
            usable.then(|| (id, format!("https://{subdomain}.pagerduty.com")))
        });
        named.collect()
    }
}
