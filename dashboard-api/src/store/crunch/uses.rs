//! Uses of features: whole days from the rollups, the days that a window or `t` cuts from the facts.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use proto::OrgId;

use super::{Result, Tx};
use crate::{
    catalogue::{
        self, AUTOMATION_RUN, MAINTENANCE, MOBILE_APP, NOTIFIED, NOTIFY, ORCHESTRATION_EDIT,
        PERSON_AGENT, RESPONDER, WOKEN, sleep,
    },
    crunch::Facts,
    store::rollups,
    usage::UseGroup,
    window::{HORIZON_DAYS, Window, date_of, days_from},
};

/// Adds uses of a feature, and of the channel they came through when it has one.
fn add(facts: &mut Facts, user: &str, (feature, channel): (&'static str, &str), group: UseGroup) {
    facts.add_uses(user, feature, group);
    let by_log_entry = catalogue::action_of_feature(feature);
    if let Some(channel) = catalogue::channel_of(channel).filter(|_| by_log_entry) {
        facts.add_uses(user, channel, group);
    }
    debug_assert!(feature != MOBILE_APP);
}

/// Whole days between those that are cut.
pub(super) async fn add_rolled_up(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let day = |day: i64| date_of(day).to_sqlx();
    let cut: Vec<_> = facts.edges.days().into_iter().map(day).collect();
    let rows = sqlx::query!(
        r#"select user_id, feature, channel,
               array_agg(day - date '1970-01-01') as "days!: Vec<i32>",
               array_agg(uses) as "uses!: Vec<i32>", max(last_at) as "last!"
           from use_days
           where org_id = $1 and connection_id = $2 and day > $3 and day < $4
               and day <> all ($5)
           group by user_id, feature, channel"#,
        org.0,
        facts.connection,
        day(facts.edges.first()) as _,
        day(facts.edges.today()) as _,
        &cut as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let Some(feature) = catalogue::known(&row.feature) else {
            continue;
        };
        let last = row.last.to_jiff();
        for (day, uses) in row.days.iter().zip(&row.uses) {
            let day = i64::from(*day);
            let group = UseGroup {
                day,
                band: facts.edges.band_of_day(day),
                count: i64::from(*uses),
                last,
            };
            add(facts, &row.user_id, (feature, &row.channel), group);
        }
    }
    Ok(())
}

/// Days of which only a part lies in a window or before `t`.
pub(super) async fn add_edge_days(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let zone = facts.rules.time_zone.clone();
    for day in facts.edges.days() {
        let span = rollups::Span::of_day(date_of(day), &zone);
        let (from, to) = span.within(days_from(facts.t, -HORIZON_DAYS), facts.t);
        if from < to {
            add_log_entries(tx, org, facts, (day, from, to)).await?;
            add_activities(tx, org, facts, (day, from, to)).await?;
        }
    }
    Ok(())
}

/// The starts of the windows from the longest, for `width_bucket`: 0 is before all of them.
fn thresholds(t: Timestamp) -> Vec<jiff_sqlx::Timestamp> {
    let starts = Window::ALL.into_iter().rev().map(|window| window.start(t));
    starts.map(ToSqlx::to_sqlx).collect()
}

fn group(day: i64, bucket: i32, count: i64, last: jiff_sqlx::Timestamp) -> UseGroup {
    let bucket = usize::try_from(bucket).unwrap_or_default();
    UseGroup {
        day,
        band: Window::ALL.len().saturating_sub(bucket),
        count,
        last: last.to_jiff(),
    }
}

type Cut = (i64, Timestamp, Timestamp);

async fn add_log_entries(
    tx: Tx<'_>,
    org: OrgId,
    facts: &mut Facts,
    (day, from, to): Cut,
) -> Result<()> {
    let (types, features) = catalogue::log_rules();
    let rows = sqlx::query!(
        r#"with day as (
               select created_at as at, type, agent_type, agent_id, channel_type, notified_user_id
               from log_entries
               where org_id = $1 and connection_id = $2 and created_at >= $3 and created_at < $4
           ), uses as (
               select agent_id as user_id, r.feature, channel_type as channel, at
               from day join unnest($6::text[], $7::text[]) as r(type, feature) using (type)
               where agent_type = $8 and agent_id <> ''
               union all
               select notified_user_id, m.measure, '', at
               from day, unnest($9::text[], $10::integer[]) as m(measure, hours)
               where type = $11 and notified_user_id <> ''
                   and (m.hours >> extract(hour from at at time zone $12)::integer) & 1 = 1
           )
           select user_id as "user_id!", feature as "feature!", channel as "channel!",
               width_bucket(at, $5::timestamptz[]) as "bucket!",
               count(*) as "count!", max(at) as "last!"
           from uses group by 1, 2, 3, 4"#,
        org.0,
        facts.connection,
        from.to_sqlx() as _,
        to.to_sqlx() as _,
        thresholds(facts.t) as _,
        types as _,
        features as _,
        PERSON_AGENT,
        &[NOTIFIED, WOKEN] as _,
        &[sleep::ALL_HOURS, sleep::SLEEPING_HOURS],
        NOTIFY,
        facts.rules.time_zone.clone(),
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let Some(feature) = catalogue::known(&row.feature) else {
            continue;
        };
        let uses = group(day, row.bucket, row.count, row.last);
        add(facts, &row.user_id, (feature, &row.channel), uses);
    }
    Ok(())
}

async fn add_activities(
    tx: Tx<'_>,
    org: OrgId,
    facts: &mut Facts,
    (day, from, to): Cut,
) -> Result<()> {
    let (datasets, types, features) = catalogue::activity_rules();
    let rows = sqlx::query!(
        r#"select a.agent_id as user_id, r.feature as "feature!",
               width_bucket(a.at, $5::timestamptz[]) as "bucket!",
               count(*) as "count!", max(a.at) as "last!"
           from activities a join unnest($6::text[], $7::text[], $8::text[])
               as r(dataset, type, feature)
               on r.dataset = a.dataset and r.type in ('', a.type)
           where a.org_id = $1 and a.connection_id = $2 and a.at >= $3 and a.at < $4
               and a.agent_type = $9 and a.agent_id <> ''
           group by 1, 2, 3"#,
        org.0,
        facts.connection,
        from.to_sqlx() as _,
        to.to_sqlx() as _,
        thresholds(facts.t) as _,
        datasets as _,
        types as _,
        features as _,
        PERSON_AGENT,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let Some(feature) = catalogue::known(&row.feature) else {
            continue;
        };
        let uses = group(day, row.bucket, row.count, row.last);
        facts.add_uses(&row.user_id, feature, uses);
    }
    Ok(())
}

/// Webhook events where what they announce is not known for good yet.
pub(super) async fn add_provisional(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let none = (facts.t, facts.t);
    let entries = facts.sources.covered("log_entries").unwrap_or(none);
    let incidents = facts.sources.covered("incidents").unwrap_or(none);
    let rows = sqlx::query!(
        r#"select type as kind, agent_id, at from activities
           where org_id = $1 and connection_id = $2 and dataset = 'webhooks'
               and at >= $3 and at < $4 and agent_type = $5 and agent_id <> ''
               and not (at >= $6 and at < $7 and at >= $8 and at < $9)"#,
        org.0,
        facts.connection,
        days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
        facts.t.to_sqlx() as _,
        PERSON_AGENT,
        entries.0.to_sqlx() as _,
        entries.1.to_sqlx() as _,
        incidents.0.to_sqlx() as _,
        incidents.1.to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        let Some(feature) = catalogue::provisional_of(&row.kind) else {
            continue;
        };
        let at = row.at.to_jiff();
        let (from, to) = if feature == RESPONDER {
            incidents
        } else {
            entries
        };
        if !(at >= from && at < to) {
            facts.add_use(&row.agent_id, feature, at);
        }
    }
    Ok(())
}

/// Responder requests sent and answered, of incidents within the horizon.
pub(super) async fn add_responders(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let rows = sqlx::query!(
        r#"select user_id, at from responder_uses
           where org_id = $1 and connection_id = $2 and incident_created_at >= $3
               and incident_created_at < $4 and at < $4"#,
        org.0,
        facts.connection,
        days_from(facts.t, -HORIZON_DAYS).to_sqlx() as _,
        facts.t.to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    for row in rows {
        facts.add_use(&row.user_id, RESPONDER, row.at.to_jiff());
    }
    Ok(())
}

/// Uses that the account's things tell: who made or changed or ran them, and when.
pub(super) async fn add_resources(tx: Tx<'_>, org: OrgId, facts: &mut Facts) -> Result<()> {
    let (horizon, t) = (days_from(facts.t, -HORIZON_DAYS), facts.t);
    let rows = sqlx::query!(
        r#"select dataset, id, type as kind, status, enabled, created_at, created_by_id,
               updated_at, updated_by_id, starts_at, last_used_at, last_used_by_id, owner_id,
               deleted_at,
               exists (select from activities a where a.org_id = $1 and a.connection_id = $2
                   and a.dataset = 'automation_invocations' and a.at = r.last_used_at
                   and a.agent_id = r.last_used_by_id and a.subject_id = r.id) as "invoked!"
           from resources r
           where org_id = $1 and connection_id = $2 and dataset in ('maintenance_windows',
               'automation_actions', 'event_orchestrations', 'subscriptions')"#,
        org.0,
        facts.connection,
    )
    .fetch_all(&mut **tx)
    .await?;
    let held = |at: Option<jiff_sqlx::Timestamp>, user: &str| {
        let at = at.map(jiff_sqlx::Timestamp::to_jiff);
        at.filter(|at| *at >= horizon && *at < t && !user.is_empty())
    };
    for row in rows {
        match row.dataset.as_str() {
            "maintenance_windows" => {
                if let Some(at) = held(row.starts_at, &row.created_by_id) {
                    facts.add_use(&row.created_by_id, MAINTENANCE, at);
                }
            }
            "automation_actions" => {
                if let Some(at) = held(row.last_used_at, &row.last_used_by_id)
                    && !row.invoked
                {
                    facts.add_use(&row.last_used_by_id, AUTOMATION_RUN, at);
                }
            }
            "event_orchestrations" => {
                let updated = held(row.updated_at, &row.updated_by_id);
                if let Some(at) = updated {
                    facts.add_use(&row.updated_by_id, ORCHESTRATION_EDIT, at);
                }
                let created = held(row.created_at, &row.created_by_id);
                let same = created == updated && row.created_by_id == row.updated_by_id;
                if let Some(at) = created.filter(|_| !same) {
                    facts.add_use(&row.created_by_id, ORCHESTRATION_EDIT, at);
                }
            }
            _ if row.status == "user" && row.deleted_at.is_none() => {
                *facts.subscriptions.entry(row.owner_id).or_default() += 1;
            }
            _ => {}
        }
    }
    Ok(())
}
