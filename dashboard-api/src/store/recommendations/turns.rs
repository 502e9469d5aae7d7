//! How kept recommendations move: as people wish, and as later snapshots show.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;
use proto::{OrgId, facts::v1::Completeness};
use serde_json::Value;
use uuid::Uuid;

use super::{Made, Result, Store, Tx};
use crate::{
    crunch::Answers,
    recommendation::{
        Kind,
        state::{Kept, Refused, Seen, State, Turn, allowed, turn},
    },
};

/// Whether the seats of people are known, and the license each person holds.
fn held(answers: &Answers) -> Option<HashMap<&str, Option<&str>>> {
    let complete = |name| {
        let state = answers.facts.sources.state(name);
        state.is_some_and(|one| one.completeness == Completeness::Complete)
    };
    let people = answers.facts.people.iter();
    (complete("users") && complete("license_allocations")).then(|| {
        people
            .map(|person| (person.id.as_str(), person.license_id.as_deref()))
            .collect()
    })
}

pub(super) async fn turn_kept(
    tx: Tx<'_>,
    made: &Made<'_>,
    answers: &Answers,
    raised: &BTreeMap<Uuid, Value>,
) -> Result<()> {
    let kept = sqlx::query!(
        "select id, kind, user_id, license_id, state, until, verified_at, saving_monthly, currency
         from recommendations
         where org_id = $1 and connection_id = $2 and (as_of < $3 or state = 'snoozed')
             and (raised or state <> 'open')
         order by id",
        made.org.0,
        answers.facts.connection,
        made.lead.as_of.to_sqlx() as _,
    )
    .fetch_all(&mut **tx)
    .await?;
    let held = held(answers);
    for row in kept {
        let about_seat = Kind::from_name(&row.kind).is_some_and(Kind::is_about_seat);
        let allocated = held.as_ref().filter(|_| about_seat).map(|held| {
            let license = held.get(row.user_id.as_str());
            license.is_some_and(|license| *license == row.license_id.as_deref())
        });
        let state = State::from_name(&row.state).unwrap_or(State::Open);
        let decided = turn(
            Kept {
                state,
                until: row.until.map(jiff_sqlx::Date::to_jiff),
                verified_at: row.verified_at.map(jiff_sqlx::Timestamp::to_jiff),
            },
            Seen {
                raised: raised.contains_key(&row.id),
                allocated,
                t: answers.facts.t,
                today: made.day(),
            },
        );
        let subject = Subject {
            org: made.org,
            id: row.id,
            from: state,
            at: answers.facts.t,
        };
        // A reason to keep somebody saves nothing when they go all the same.
        let counts = row.kind != Kind::Review.name();
        let saving = row.saving_monthly.filter(|_| counts);
        take(tx, subject, decided, (saving, row.currency, row.license_id)).await?;
    }
    Ok(())
}

/// A recommendation that moves.
#[derive(Debug, Clone, Copy)]
struct Subject {
    org: OrgId,
    id: Uuid,
    from: State,
    at: Timestamp,
}

type Realized = (Option<i64>, Option<String>, Option<String>);

async fn take(
    tx: Tx<'_>,
    subject: Subject,
    turn: Turn,
    (saving, currency, license): Realized,
) -> Result<()> {
    let Subject { org, id, at, .. } = subject;
    match turn {
        Turn::Stay => Ok(()),
        Turn::Reopen => change(tx, subject, (State::Open, "", None), "").await,
        Turn::Verify => {
            sqlx::query!(
                "insert into realized_savings (org_id, recommendation_id, verified_at, license_id,
                     saving_monthly, currency)
                 values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
                org.0,
                id,
                at.to_sqlx() as _,
                license,
                saving,
                currency,
            )
            .execute(&mut **tx)
            .await?;
            let reason = "a later synchronization no longer shows the seat";
            change(tx, subject, (State::Done, reason, None), "").await
        }
        Turn::Withdraw => {
            sqlx::query!(
                "update realized_savings set withdrawn_at = $3
                 where org_id = $1 and recommendation_id = $2 and withdrawn_at is null",
                org.0,
                id,
                at.to_sqlx() as _,
            )
            .execute(&mut **tx)
            .await?;
            let reason = "the seat came back within 60 days";
            change(tx, subject, (State::Open, reason, None), "").await
        }
    }
}

/// Writes a new state and the event that says so.
async fn change(
    tx: Tx<'_>,
    subject: Subject,
    (to, reason, until): (State, &str, Option<Date>),
    by: &str,
) -> Result<()> {
    let Subject { org, id, from, at } = subject;
    sqlx::query!(
        "update recommendations set state = $3, reason = $4, until = $5,
             accepted_at = case when $3 = 'accepted' then $6 else accepted_at end,
             verified_at = case when $3 = 'done' then $6 else verified_at end
         where org_id = $1 and id = $2",
        org.0,
        id,
        to.name(),
        reason,
        until.map(ToSqlx::to_sqlx) as _,
        at.to_sqlx() as _,
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into recommendation_events (org_id, recommendation_id, number, at, by, from_state,
             to_state, reason, until)
         select $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6, $7, $8
         from recommendation_events where org_id = $1 and recommendation_id = $2",
        org.0,
        id,
        at.to_sqlx() as _,
        by,
        from.name(),
        to.name(),
        reason,
        until.map(ToSqlx::to_sqlx) as _,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A person's wish for a recommendation.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    pub to: State,
    pub reason: &'a str,
    pub until: Option<Date>,
    /// The person's id.
    pub by: &'a str,
    pub at: Timestamp,
    pub today: Date,
}

impl Store {
    /// Moves a recommendation as a person wishes. `None` when there is no such recommendation.
    pub async fn move_recommendation(
        &self,
        org: OrgId,
        id: Uuid,
        wish: Move<'_>,
    ) -> Result<Option<Result<(), Refused>>> {
        let mut tx = self.begin(org).await?;
        let state = sqlx::query_scalar!(
            "select state from recommendations where org_id = $1 and id = $2 for update",
            org.0,
            id,
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(state) = state else {
            return Ok(None);
        };
        let from = State::from_name(&state).unwrap_or(State::Open);
        if let Err(refused) = allowed(from, wish.to, wish.reason, wish.until, wish.today) {
            return Ok(Some(Err(refused)));
        }
        let subject = Subject {
            org,
            id,
            from,
            at: wish.at,
        };
        let until = wish.until.filter(|_| wish.to == State::Snoozed);
        change(&mut tx, subject, (wish.to, wish.reason, until), wish.by).await?;
        tx.commit().await?;
        Ok(Some(Ok(())))
    }
}
