//! One request as the handlers see it: who asks, what for, and what time it is.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::answer::Refusal;
use super::params::Params;
use crate::account::{Account, Region};
use crate::caller::{Caller, TokenKind};
use crate::state::{AppState, BaseUrl};
use crate::world::World;

/// A request to the REST API.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) caller: Caller,
    pub(crate) world: Arc<World>,
    /// The simulator's time, whole seconds since 1970.
    pub(crate) now: i64,
    pub(crate) params: Params,
    /// The API's base, `self` URLs start with it.
    pub(crate) api: String,
    /// The web application's base, `html_url` starts with it.
    pub(crate) web: String,
    /// Instants are written in it.
    pub(crate) zone: TimeZone,
}

impl FromRequestParts<AppState> for Ask {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Refusal> {
        let caller = parts.extensions.get::<Caller>().cloned();
        let caller = caller.ok_or_else(|| Refusal::forbidden("no caller"))?;
        let base = parts
            .extensions
            .get::<BaseUrl>()
            .map(|base| base.api(caller.region));
        let params = Params::parse(parts.uri.query().unwrap_or_default());
        Ok(Self {
            world: caller.account.world.clone(),
            now: state.clock.now().as_second(),
            api: base.unwrap_or_else(|| "https://api.pagerduty.com".to_owned()),
            web: web(&caller.account),
            zone: zone(&caller, params.one("time_zone"))?,
            params,
            caller,
        })
    }
}

impl Ask {
    /// What the account itself would say, without a request.
    pub(crate) fn of_account(account: &Arc<Account>, now: i64, base: &BaseUrl) -> Self {
        let caller = Caller {
            account: account.clone(),
            user_id: None,
            role: "admin".to_owned(),
            scopes: std::collections::BTreeSet::new(),
            client_id: "pagerduty".to_owned(),
            kind: TokenKind::ApiKey,
            region: account.region,
        };
        Self {
            world: account.world.clone(),
            now,
            api: base.api(account.region),
            web: web(account),
            zone: TimeZone::UTC,
            params: Params::default(),
            caller,
        }
    }
}

/// The web application of an account.
fn web(account: &Account) -> String {
    let host = match account.region {
        Region::Us => "pagerduty.com",
        Region::Eu => "eu.pagerduty.com",
    };
    format!("https://{}.{host}", account.subdomain)
}

/// The zone asked for, else the account's.
fn zone(caller: &Caller, asked: Option<&str>) -> Result<TimeZone, Refusal> {
    if let Some(name) = asked {
        return named_zone(name).ok_or_else(|| Refusal::invalid("Time zone is not recognized."));
    }
    Ok(named_zone(account_zone(caller)).unwrap_or(TimeZone::UTC))
}

/// The zone an account is set to.
pub(crate) fn account_zone(caller: &Caller) -> &'static str {
    match caller.account.subdomain.as_str() {
        "acme" => "America/New_York",
        "euro" => "Europe/Berlin",
        _ => "Etc/UTC",
    }
}

/// UTC needs no database.
pub(crate) fn named_zone(name: &str) -> Option<TimeZone> {
    match name {
        "UTC" | "Etc/UTC" => Some(TimeZone::UTC),
        _ => TimeZone::get(name).ok(),
    }
}

impl Ask {
    /// 403 unless the token may do this. `scope` is the name a scoped token needs; a Classic token needs `read`, or
    /// `write` where the scope ends with it.
    pub(crate) fn needs(&self, scope: &str) -> Result<(), Refusal> {
        let has = |scope: &str| self.caller.scopes.contains(scope);
        let may = match self.caller.kind {
            // A read-only key may do GET only.
            TokenKind::ApiKey => !has("read") || scope.rsplit('.').next() != Some("write"),
            TokenKind::Classic => {
                has("write") || (has("read") && scope.rsplit('.').next() != Some("write"))
            }
            TokenKind::Scoped | TokenKind::App => has(scope),
        };
        if may {
            Ok(())
        } else {
            Err(Refusal::forbidden(&format!(
                "The token lacks the scope {scope}."
            )))
        }
    }

    /// 403 unless the consenting user is ranked high enough to see licenses.
    pub(crate) fn needs_admin(&self) -> Result<(), Refusal> {
        match self.caller.role.as_str() {
            "admin" | "owner" => Ok(()),
            _ => Err(Refusal::forbidden(
                "The user is not permitted to perform this action.",
            )),
        }
    }

    /// 403 for a token that may not read anything; for endpoints that print no scope.
    pub(crate) fn needs_access(&self) -> Result<(), Refusal> {
        let scopes = self.caller.scopes.iter();
        let is_any = scopes.filter(|scope| *scope != "openid").count() > 0;
        if is_any || self.caller.kind == TokenKind::ApiKey {
            Ok(())
        } else {
            Err(Refusal::forbidden("The token has no scope for this."))
        }
    }

    /// 402 unless the account's plan has the ability.
    pub(crate) fn needs_ability(&self, ability: &str) -> Result<(), Refusal> {
        if self.caller.account.has_ability(ability) {
            Ok(())
        } else {
            Err(Refusal::not_in_plan(ability))
        }
    }

    /// An instant as newer services write it, whatever the zone.
    #[expect(clippy::unused_self, reason = "the sibling of `time`")]
    pub(crate) fn utc(&self, seconds: i64) -> String {
        Timestamp::from_second(seconds)
            .unwrap_or_default()
            .to_string()
    }

    /// An instant as the lists write it.
    pub(crate) fn time(&self, seconds: i64) -> String {
        let stamp = Timestamp::from_second(seconds).unwrap_or_default();
        let offset = self.zone.to_offset(stamp);
        if offset.seconds() == 0 {
            stamp.to_string()
        } else {
            stamp.display_with_offset(offset).to_string()
        }
    }

    /// The range asked for, each end with its default.
    pub(crate) fn range(&self, since: i64, until: i64) -> Result<(i64, i64), Refusal> {
        let (from, to) = (
            self.params.instant("since", &self.zone)?,
            self.params.instant("until", &self.zone)?,
        );
        let (from, to) = (from.unwrap_or(since), to.unwrap_or(until));
        if to < from {
            Err(Refusal::date("Until must be after since."))
        } else {
            Ok((from, to))
        }
    }
}
