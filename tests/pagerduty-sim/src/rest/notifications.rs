//! `GET /notifications`: who was told, over what, where. The addresses are there to be left alone.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::page::{Days, Page, Strip};
use crate::world::{DAY, DayLog, Moment, What};

const KINDS: [&str; 4] = [
    "push_notification",
    "sms_notification",
    "phone_notification",
    "email_notification",
];

pub(crate) async fn list(ask: Ask) -> Answer {
    ask.needs("users:notifications.read")?;
    let page = Page::classic(&ask.params)?;
    if ask.params.one("since").is_none() || ask.params.one("until").is_none() {
        return Err(Refusal::date("Since and until are required."));
    }
    let (since, until) = ask.range(0, 0)?;
    if until >= super::incidents::months_after(since, 3) {
        return Err(Refusal::date(
            "The date range must be shorter than 3 months.",
        ));
    }
    let (from, to) = (since.max(ask.world.opened_at()), until.min(ask.now + 1));
    let filter = match ask.params.one("filter") {
        None => None,
        Some(word) => {
            let kind = KINDS.iter().position(|kind| *kind == word);
            Some(kind.ok_or_else(|| Refusal::invalid("filter is not known."))?)
        }
    };
    let walk = Days {
        count: |day: i64| {
            let is_whole = day * DAY >= from && (day + 1) * DAY <= to && filter.is_none();
            is_whole.then(|| {
                let (own, before) = (ask.world.tally(day), ask.world.tally(day - 1));
                (own.own_notify + before.spill_notify) as usize
            })
        },
        load: |day: i64| Told::new(&ask, day, ((from, to), filter)),
    };
    let days = (from.div_euclid(DAY)..=(to - 1).div_euclid(DAY)).rev();
    let render = |told: &Told, n: usize| notification(&ask, told, told.moments[n]);
    let (rows, extent) = walk.page(&page, days, render);
    Ok(page.envelope("notifications", rows, extent))
}

/// A day's notifications, newest first.
struct Told {
    log: Arc<DayLog>,
    moments: Vec<Moment>,
}

impl Told {
    fn new(ask: &Ask, day: i64, ((from, to), filter): ((i64, i64), Option<usize>)) -> Self {
        let log = ask.world.log(day);
        let is_wanted = |moment: &&Moment| match log.entry(**moment).what {
            What::Notify(kind) => {
                (from..to).contains(&moment.at)
                    && filter.is_none_or(|wanted| usize::from(kind) % KINDS.len() == wanted)
            }
            _ => false,
        };
        let moments = log
            .moments
            .iter()
            .rev()
            .filter(is_wanted)
            .copied()
            .collect();
        Self { log, moments }
    }
}

impl Strip for Told {
    fn len(&self) -> usize {
        self.moments.len()
    }
}

fn notification(ask: &Ask, told: &Told, moment: Moment) -> Value {
    let (incident, entry) = (told.log.incident(moment), told.log.entry(moment));
    let kind = match entry.what {
        What::Notify(kind) => KINDS[usize::from(kind) % KINDS.len()],
        _ => KINDS[0],
    };
    let user = entry.to.unwrap_or_default();
    let person = &ask.world.users[user];
    let address = match kind {
        "push_notification" => None,
        "email_notification" => Some(person.email.clone()),
        _ => Some(format!("+155501{user:05}")),
    };
    let full = ask.params.includes("users");
    json!({
        "id": incident.entry_id(ask.world.key(), usize::from(moment.entry)),
        "type": kind,
        "started_at": ask.time(moment.at),
        "address": address,
        "user": if full { super::users::user(ask, user) } else { ask.user_ref(user) },
        "status": if moment.at % 17 == 0 { "failed" } else { "success" },
    })
}
