//! Log entries with their rollups. An entry that is new moves the rollups in the statement that
//! stores it; one that is known moves nothing; one that changed has its days derived again.

mod deltas;

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::{
    OrgId,
    facts::v1::{LogEntry, envelope::Payload},
};
use sqlx::{Acquire, Postgres, Transaction};
use uuid::Uuid;

use self::deltas::Deltas;
use super::{Result, rollups};
use crate::{
    catalogue::{ACKNOWLEDGE, NOTIFIED, NOTIFY, PERSON_AGENT, WOKEN, log_rules, sleep},
    message::{FactsMessage, optional},
    window::Calendar,
};

pub(super) fn of_message(message: &FactsMessage) -> &[LogEntry] {
    match &message.payload {
        Payload::LogEntries(page) => &page.records,
        _ => &[],
    }
}

/// The newest version of each entry: when it happened, when it was observed.
type Entry<'a> = (Timestamp, Timestamp, &'a LogEntry);

/// The newest versions of a connection's log entries in a batch, in the order of the key.
fn newest<'a>(messages: &[&'a FactsMessage]) -> Vec<Entry<'a>> {
    let mut all: Vec<Entry<'a>> = messages
        .iter()
        .flat_map(|message| {
            let entries = of_message(message).iter();
            entries
                .filter_map(|entry| Some((optional(entry.created_at)?, message.observed_at, entry)))
        })
        .collect();
    let key = |one: &Entry<'a>| (one.0, one.2.id.as_str());
    all.sort_by(|left, right| key(left).cmp(&key(right)).then(right.1.cmp(&left.1)));
    all.dedup_by(|next, kept| key(next) == key(kept));
    all
}

/// Log entries column by column.
#[derive(Default)]
struct Columns<'a> {
    observed: Vec<jiff_sqlx::Timestamp>,
    created: Vec<jiff_sqlx::Timestamp>,
    text: [Vec<&'a str>; 9],
}

impl<'a> Columns<'a> {
    fn of(entries: &[Entry<'a>]) -> Self {
        let mut all = Self::default();
        for (created_at, observed_at, entry) in entries {
            all.observed.push(observed_at.to_sqlx());
            all.created.push(created_at.to_sqlx());
            for (column, value) in all.text.iter_mut().zip(texts(entry)) {
                column.push(value);
            }
        }
        all
    }
}

/// The text columns of a log entry, in the order of the statements.
fn texts(entry: &LogEntry) -> [&str; 9] {
    [
        &entry.id,
        &entry.r#type,
        &entry.agent_type,
        &entry.agent_id,
        &entry.channel_type,
        &entry.incident_id,
        &entry.service_id,
        &entry.notified_user_id,
        &entry.notification_type,
    ]
}

/// Stores the log entries of one connection. `messages` are that connection's.
pub(super) async fn upsert(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    messages: &[&FactsMessage],
) -> Result<()> {
    let entries = newest(messages);
    if entries.is_empty() {
        return Ok(());
    }
    let rows = Columns::of(&entries);
    let count = entries.len() as u64;
    let zone = rollups::zone(tx, org, connection).await?;
    // Nearly always all of them are new, and then what they add is known without asking.
    let mut attempt = tx.begin().await?;
    if insert_all(&mut attempt, org, connection, &rows).await? == count {
        let deltas = Deltas::of(&entries, &Calendar::named(&zone));
        deltas.add(&mut attempt, org, connection).await?;
        attempt.commit().await?;
        return Ok(());
    }
    attempt.rollback().await?;
    insert_new(tx, org, connection, &rows, &zone).await?;
    let days = replace(tx, org, connection, &rows, &zone).await?;
    if !days.is_empty() {
        rollups::derive_days(tx, org, connection, &zone, &days).await?;
    }
    Ok(())
}

/// Adds what is new, whatever that is. Answers how many were.
async fn insert_all(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    rows: &Columns<'_>,
) -> Result<u64> {
    let [
        ids,
        types,
        agent_types,
        agents,
        channels,
        incidents,
        services,
        notified,
        kinds,
    ] = &rows.text;
    let inserted = sqlx::query!(
        "insert into log_entries (org_id, connection_id, observed_at, created_at, id, type,
             agent_type, agent_id, channel_type, incident_id, service_id, notified_user_id,
             notification_type)
         select $1, $2, * from unnest($3::timestamptz[], $4::timestamptz[], $5::text[],
             $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
             $12::text[], $13::text[])
         on conflict (org_id, connection_id, created_at, id) do nothing",
        org.0,
        connection,
        &rows.observed as _,
        &rows.created as _,
        ids as _,
        types as _,
        agent_types as _,
        agents as _,
        channels as _,
        incidents as _,
        services as _,
        notified as _,
        kinds as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(inserted.rows_affected())
}

/// Adds what is new among what is known, and moves the rollups by it.
async fn insert_new(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    rows: &Columns<'_>,
    zone: &str,
) -> Result<i64> {
    let [
        ids,
        types,
        agent_types,
        agents,
        channels,
        incidents,
        services,
        notified,
        kinds,
    ] = &rows.text;
    let (rule_types, rule_features) = log_rules();
    let inserted = sqlx::query_file_scalar!(
        "src/store/log_entries/insert.sql",
        org.0,
        connection,
        &rows.observed as _,
        &rows.created as _,
        ids as _,
        types as _,
        agent_types as _,
        agents as _,
        channels as _,
        incidents as _,
        services as _,
        notified as _,
        kinds as _,
        zone,
        rule_types as _,
        rule_features as _,
        PERSON_AGENT,
        &[NOTIFIED, WOKEN] as _,
        &[sleep::ALL_HOURS, sleep::SLEEPING_HOURS],
        NOTIFY,
        ACKNOWLEDGE,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(inserted)
}

/// Replaces older versions. Answers the days whose rollups do not hold any more: PagerDuty never
/// changes an entry, so there are hardly any.
async fn replace(
    tx: &mut Transaction<'_, Postgres>,
    org: OrgId,
    connection: Uuid,
    rows: &Columns<'_>,
    zone: &str,
) -> Result<Vec<Date>> {
    let [
        ids,
        types,
        agent_types,
        agents,
        channels,
        incidents,
        services,
        notified,
        kinds,
    ] = &rows.text;
    let days = sqlx::query_file_scalar!(
        "src/store/log_entries/replace.sql",
        org.0,
        connection,
        &rows.observed as _,
        &rows.created as _,
        ids as _,
        types as _,
        agent_types as _,
        agents as _,
        channels as _,
        incidents as _,
        services as _,
        notified as _,
        kinds as _,
        zone,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(days.into_iter().map(jiff_sqlx::Date::to_jiff).collect())
}
