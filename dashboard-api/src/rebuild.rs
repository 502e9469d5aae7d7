//! Deriving everything again from the facts: rollups first, then a generation that must say the
//! same as the one before.

use jiff::Timestamp;
use proto::OrgId;

use crate::{
    crunch::Cruncher,
    store::{Store, StoreError},
};

/// What was derived again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rebuilt {
    pub organizations: usize,
    pub connections: usize,
    pub generations: usize,
}

/// Derives rollups and answers again, of one organization or of all that have answers.
pub async fn rebuild(
    store: &Store,
    cruncher: &Cruncher,
    org: Option<OrgId>,
    now: Timestamp,
) -> Result<Rebuilt, StoreError> {
    let orgs = match org {
        Some(org) => vec![org],
        None => store.known_organizations().await?,
    };
    let mut rebuilt = Rebuilt::default();
    for org in orgs {
        rebuilt.organizations += 1;
        for connection in store.connections_with_facts(org).await? {
            store.derive_rollups(org, connection).await?;
            rebuilt.connections += 1;
        }
        store.force_crunch(org, now).await?;
        let made = cruncher.crunch_organization(org).await?;
        rebuilt.generations += usize::from(made.is_some());
    }
    Ok(rebuilt)
}
