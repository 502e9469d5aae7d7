//! Who acts, and whether their role is enough: a member, or an API key that a member has made and that
//! can never do more than that member.

use proto::{ApiKeyId, OrgId, PersonId};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{
    audit::Actor,
    identity::Role,
    store::{StoreError, api_key, member},
};

/// Somebody who acts in an organization.
#[derive(Debug, Clone)]
pub struct Acting {
    /// The member; of a key, the one who made it.
    pub person: PersonId,
    /// That member's name or address.
    pub person_name: String,
    /// As the audit log names them.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
}

/// They may not.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Not a member, or not with this role.
    #[error("your role in the organization does not allow this")]
    Role,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who has this id in the organization, if their role covers `least`.
pub async fn require(
    db: &mut PgConnection,
    org: OrgId,
    actor: Uuid,
    least: Role,
) -> Result<Acting, Denied> {
    let person = PersonId(actor);
    let acting = match member::find(db, org, person).await? {
        Some(found) => Some(Acting {
            person,
            person_name: found.shown_name().to_owned(),
            actor: Actor::Person(person),
            role: found.role,
        }),
        None => api_key::acting(db, org, ApiKeyId(actor)).await?,
    };
    let allowed = acting.filter(|acting| acting.role.covers(least));
    allowed.ok_or(Denied::Role)
}
