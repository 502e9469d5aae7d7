//! How people sign in: a link by mail, or single sign-on (see `oidc`). Whether somebody is a member is
//! told to nobody who has not signed in.

use std::sync::Arc;

use chassis::Clock;
use jiff::SignedDuration;
use url::Url;

use crate::{
    identity::{IdentityError, LINK_LIFE, normalized},
    metrics::Metrics,
    oidc::provider::Provider,
    opaque::OpaqueHash,
    store::{
        Store, StoreError, outbox,
        throttle::{self, Limit},
    },
};

/// Links for one address, whether or not it is known,
const PER_ADDRESS: Limit = Limit {
    times: 5,
    within: SignedDuration::from_hours(1),
};
/// and for all addresses together.
const IN_TOTAL: Limit = Limit {
    times: 100,
    within: SignedDuration::from_mins(1),
};

/// No link can be mailed.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// The text is no address.
    #[error(transparent)]
    Invalid(#[from] IdentityError),
    /// This deployment has no mail server.
    #[error("this deployment has no mail server; set AUTH_SMTP_URL")]
    NoMail,
    /// Too many.
    #[error("too many sign-in links were asked for; try again later")]
    TooMany,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Signs people in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// There is a mail server.
    pub mails: bool,
    /// Single sign-on, when it is set.
    pub oidc: Option<Arc<Provider>>,
    /// The product's public address.
    pub public_url: Url,
    /// Counts.
    pub metrics: Metrics,
}

impl SignIn {
    /// Puts a sign-in link into the outbox if somebody has this address, and does the same work if
    /// nobody has.
    pub async fn send_link(&self, email: &str) -> Result<(), LinkError> {
        if !self.mails {
            return Err(LinkError::NoMail);
        }
        let email = normalized(email)?;
        let now = self.clock.now();
        let mut tx = self.store.all_organizations().await?;
        let bucket = format!("sign-in:{}", OpaqueHash::of(&email).to_hex());
        if !throttle::take(&mut tx, &bucket, PER_ADDRESS, now).await?
            || !throttle::take(&mut tx, "sign-in", IN_TOTAL, now).await?
        {
            return Err(LinkError::TooMany);
        }
        outbox::sign_in_link(&mut tx, &email, LINK_LIFE, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}
