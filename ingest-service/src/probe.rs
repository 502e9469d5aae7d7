//! What an access can read: one small question for each dataset. A refusal names the scope, the role
//! or the plan that is missing; what could not be found out stays unknown.

use jiff::{SignedDuration, Timestamp};
use proto::{
    ConnectionId, OrgId,
    facts::v1::{Completeness, Dataset},
};

use crate::{
    dataset::{Datasets, State},
    pagerduty::{
        Failure, Session,
        endpoint::{self, Family, List, Place, Position, Row, Shape},
    },
    store::{Store, StoreError},
    window::Interval,
};

/// Histories are asked for this long.
const GLANCE: SignedDuration = SignedDuration::from_hours(1);

/// Whether a dataset can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// Which one.
    pub dataset: Dataset,
    /// Complete: it can. Forbidden, not in plan: it cannot. Pending: not known.
    pub access: Completeness,
    /// Public words when it cannot, or is not known.
    pub reason: String,
}

impl Capability {
    fn of(dataset: Dataset, answer: Result<(), Failure>) -> Result<Self, Failure> {
        let (access, reason) = match answer {
            Ok(()) => (Completeness::Complete, String::new()),
            Err(
                ended @ (Failure::Reconnect | Failure::Gone | Failure::NoToken | Failure::Stopped),
            ) => return Err(ended),
            Err(Failure::Forbidden(words)) => (Completeness::Forbidden, words),
            Err(Failure::NotInPlan) => (Completeness::NotInPlan, missing_in_plan(dataset)),
            Err(other) => (Completeness::Pending, other.to_string()),
        };
        Ok(Self {
            dataset,
            access,
            reason,
        })
    }

    /// What a run's state of a dataset says about access; `None` when it says nothing.
    pub fn of_state(state: &State) -> Option<Self> {
        let (access, reason) = match state.completeness {
            Completeness::Complete => (Completeness::Complete, String::new()),
            Completeness::Forbidden => (Completeness::Forbidden, state.reason.clone()),
            Completeness::NotInPlan => (Completeness::NotInPlan, missing_in_plan(state.dataset)),
            _ => return None,
        };
        Some(Self {
            dataset: state.dataset,
            access,
            reason,
        })
    }
}

/// What a 402 means for a dataset.
pub fn missing_in_plan(dataset: Dataset) -> String {
    match endpoint::row(dataset).map_or("", |row| row.plan) {
        "" => "not in the account's plan".to_owned(),
        plan => format!("the account's plan does not include {plan}"),
    }
}

/// Keeps what a run's states say about access.
pub async fn learn(
    store: &Store,
    of: (OrgId, ConnectionId),
    states: &[State],
    now: Timestamp,
) -> Result<(), StoreError> {
    let found: Vec<Capability> = states.iter().filter_map(Capability::of_state).collect();
    store.save_capabilities(of, &found, now).await
}

/// Asks for everything that is collected. Fails only when access as such has ended.
pub async fn probe(
    session: &Session,
    datasets: &Datasets,
    now: Timestamp,
) -> Result<Vec<Capability>, Failure> {
    let mut found = Vec::new();
    for row in datasets.iter().filter_map(endpoint::row) {
        let answer = ask(session, row, now).await;
        let answer = answer.map_err(|failure| session.explain(row.dataset, failure));
        found.push(Capability::of(row.dataset, answer)?);
    }
    found.extend(session.may_subscribe().map(subscribing));
    Ok(found)
}

/// Whether events can be subscribed to without a person.
fn subscribing(allowed: bool) -> Capability {
    let (access, reason) = if allowed {
        (Completeness::Complete, String::new())
    } else {
        let scope = endpoint::SUBSCRIBE;
        (
            Completeness::Forbidden,
            format!("the scope {scope} was not granted"),
        )
    };
    Capability {
        dataset: Dataset::Webhooks,
        access,
        reason,
    }
}

async fn ask(session: &Session, row: &Row, now: Timestamp) -> Result<(), Failure> {
    let window = Interval {
        from: now - GLANCE,
        to: now,
    };
    let place = Place::new(window, now);
    match row.shape {
        Shape::Children(families) => match families.first() {
            Some(family) => ask_child(session, row, (family, place)).await,
            None => Ok(()),
        },
        _ => match row.first_list() {
            Some(list) => glance(session, row, &list, &place).await.map(drop),
            None => Ok(()),
        },
    }
}

/// A list of children needs a parent; without any there is nothing that could be refused.
async fn ask_child(
    session: &Session,
    row: &Row,
    (family, place): (&Family, Place<'_>),
) -> Result<(), Failure> {
    let parents = glance(session, row, &family.parents, &place).await?;
    let ids: Vec<String> = (family.ids)(&parents.payload).into_iter().take(1).collect();
    if ids.is_empty() {
        return Ok(());
    }
    glance(session, row, &family.list, &place.of(&ids))
        .await
        .map(drop)
}

async fn glance(
    session: &Session,
    row: &Row,
    list: &List,
    place: &Place<'_>,
) -> Result<crate::pagerduty::Page, Failure> {
    let call = list.call(place, &Position::Start).at_most_one();
    match session.read(row.dataset, &call, list.decode).await {
        Err(Failure::NotFound) if list.optional => Ok(crate::pagerduty::Page::empty()),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_told_from_an_illness() {
        let access =
            |failure| Capability::of(Dataset::AuditRecords, Err(failure)).map(|one| one.access);
        assert_eq!(access(Failure::NotInPlan), Ok(Completeness::NotInPlan));
        assert_eq!(
            access(Failure::Forbidden(String::new())),
            Ok(Completeness::Forbidden)
        );
        let ill = Failure::Exhausted("PagerDuty answers 503".to_owned());
        assert_eq!(access(ill), Ok(Completeness::Pending));
        assert_eq!(access(Failure::Reconnect), Err(Failure::Reconnect));
        assert_eq!(
            missing_in_plan(Dataset::AuditRecords),
            "the account's plan does not include the audit trail"
        );
    }
}
