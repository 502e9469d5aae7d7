//! What a session may: its token on loan, what the grant behind it allows, and who gave it.

use jiff::SignedDuration;
use proto::{auth::v1::AccessKind, facts::v1::Dataset};

use super::{Failure, Session, locked};
use crate::{
    credential::{LeaseError, TokenLease},
    lease::Lease,
    pagerduty::endpoint,
};

/// A token about to end is exchanged before it does.
const TOKEN_MARGIN: SignedDuration = SignedDuration::from_secs(120);

impl Session {
    /// PagerDuty's id of the person who consented, once a token is at hand and if there is one.
    pub fn consenter(&self) -> Option<String> {
        let token = locked(&self.token);
        let id = token.as_ref().map(|token| token.consenter.clone());
        id.filter(|id| !id.is_empty())
    }

    /// Tells auth-service the role of the person who consented; `None`: not among the users.
    pub async fn report_consenter(&self, role: Option<&str>) -> Result<(), LeaseError> {
        let Lease {
            org, connection, ..
        } = self.lease;
        let credentials = &self.around.credentials;
        credentials.report_consenter(org, connection, role).await
    }

    /// A 403 with what is behind it as far as the grant tells: the scope, else the role.
    pub fn explain(&self, dataset: Dataset, failure: Failure) -> Failure {
        let Failure::Forbidden(words) = failure else {
            return failure;
        };
        let (scope, classic) = endpoint::scopes(dataset);
        let token = locked(&self.token);
        if token
            .as_ref()
            .is_some_and(|token| token.kind == AccessKind::ApiKey)
        {
            return Failure::Forbidden(format!("the API key does not allow it ({words})"));
        }
        let mut granted = token.iter().flat_map(|token| &token.scopes);
        let sufficient = scope.is_empty()
            || granted.any(|granted| granted == scope || classic.contains(&granted.as_str()));
        Failure::Forbidden(match sufficient {
            // PagerDuty takes the questions of analytics as POST, which `read` does not allow.
            false if !classic.contains(&"read") => format!(
                "the scope {scope} was not granted; a Classic app needs `write` for it ({words})"
            ),
            false => format!("the scope {scope} was not granted ({words})"),
            true => format!("the role of the consenting user does not allow it ({words})"),
        })
    }

    /// Whether the grant lets us subscribe to events; `None` while no token is at hand.
    pub fn may_subscribe(&self) -> Option<bool> {
        let token = locked(&self.token);
        let token = token.as_ref()?;
        let mut granted = token.scopes.iter();
        let named = granted.any(|one| one == "write" || one == endpoint::SUBSCRIBE);
        Some(named || token.kind == AccessKind::ApiKey)
    }

    fn fresh_token(&self) -> Option<TokenLease> {
        let fresh_until = self.around.clock.now() + TOKEN_MARGIN;
        let token = locked(&self.token);
        token
            .as_ref()
            .filter(|token| token.expires_at > fresh_until)
            .cloned()
    }

    pub(super) async fn token(&self) -> Result<TokenLease, Failure> {
        if let Some(token) = self.fresh_token() {
            return Ok(token);
        }
        let _asking = self.asking.lock().await;
        if let Some(token) = self.fresh_token() {
            return Ok(token);
        }
        let mut waits = self.around.retry.waits();
        loop {
            let Lease {
                org, connection, ..
            } = self.lease;
            let error = match self.around.credentials.lease(org, connection).await {
                Ok(token) => {
                    *locked(&self.token) = Some(token.clone());
                    return Ok(token);
                }
                Err(error) => error,
            };
            let LeaseError::Unavailable(status) = &error else {
                return Err(error.into());
            };
            tracing::warn!(code = ?status.code(), message = status.message(), "no token can be had now");
            match waits.next() {
                Some(wait) => self.sleep(wait).await?,
                None => return Err(error.into()),
            }
        }
    }

    /// After a 401: tells auth-service, once for each version of the token, and forgets it.
    pub(super) async fn renew(&self, refused: &TokenLease) -> Result<(), Failure> {
        let _asking = self.asking.lock().await;
        {
            let mut token = locked(&self.token);
            if token.as_ref().map(|token| token.version) != Some(refused.version) {
                return Ok(());
            }
            *token = None;
        }
        let credentials = &self.around.credentials;
        let works = credentials
            .report_rejected(self.lease.org, self.lease.connection, refused.version)
            .await?;
        if works {
            Ok(())
        } else {
            Err(Failure::Reconnect)
        }
    }
}

impl From<LeaseError> for Failure {
    fn from(error: LeaseError) -> Self {
        match error {
            LeaseError::Ended => Self::Reconnect,
            LeaseError::Gone => Self::Gone,
            LeaseError::Unavailable(_) => Self::NoToken,
        }
    }
}
