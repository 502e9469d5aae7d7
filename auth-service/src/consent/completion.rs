//! Ending a consent: state, exchange, identity, scopes, then one transaction.
//!
//! The state is used up before anything else happens, and the whole runs as a job of the process: a
//! caller that hangs up does not lose a code that PagerDuty has already taken.

use jiff::Timestamp;
use proto::ConnectionId;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use sqlx::{Postgres, Transaction};
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;
use tracing::Instrument;

use super::{Complete, Completion, ConsentError, Consents, Initiator, Outcome, Pending, Provider};
use crate::{
    access::{AccessKind, Consenter},
    connection::{self as domain, Account, Connection, ConnectionState},
    grant::SealedPair,
    keys,
    opaque::OpaqueHash,
    pagerduty::{
        id_token::{self, IdTokenError},
        jwks::KeyError,
        token::{TokenError, Tokens},
    },
    return_to::ReturnTo,
    scope::Scopes,
    store::{StoreError, audit, connection, consent, grant, invitation},
};

/// How a consent ends without a connection: the outcome and public words.
#[derive(Debug)]
struct Failure {
    outcome: Outcome,
    detail: String,
    connection: Option<Connection>,
}

impl Failure {
    fn new(outcome: Outcome, detail: impl Into<String>) -> Self {
        Self {
            outcome,
            detail: detail.into(),
            connection: None,
        }
    }
}

/// Who consented and to what.
#[derive(Debug)]
struct Consented {
    account: Account,
    kind: AccessKind,
    tokens: Tokens,
    granted: Scopes,
    missing: Scopes,
}

impl Consents {
    /// Ends a pending consent, once.
    pub async fn complete(&self, complete: Complete) -> Result<Completion, ConsentError> {
        let (answer, ended) = oneshot::channel();
        let consents = self.clone();
        let job = async move {
            let completion = consents.run(complete).await;
            // The caller may have gone; what was done stays done.
            let _ = answer.send(completion);
        };
        self.lifecycle
            .spawn_job(job.instrument(tracing::Span::current()));
        ended.await.map_err(|_| ConsentError::Stopping)?
    }

    async fn run(&self, complete: Complete) -> Result<Completion, ConsentError> {
        let now = self.clock.now();
        let Some(pending) = self.take(&complete, now).await? else {
            self.metrics.consent(Outcome::StateRefused);
            return Ok(refused_state());
        };
        let ended = match self.obtain(&pending, &complete.answer).await? {
            Ok(consented) => self.connect(&pending, consented).await?,
            Err(failure) => Err(failure),
        };
        let (outcome, connection, detail) = match ended {
            Ok(connection) => (Outcome::Connected, Some(connection), String::new()),
            Err(failure) => {
                self.record(&pending, &failure).await?;
                (failure.outcome, failure.connection, failure.detail)
            }
        };
        self.metrics.consent(outcome);
        tracing::info!(org = %pending.org, outcome = outcome.name(), "a consent has ended");
        Ok(Completion {
            outcome,
            return_to: pending.return_to,
            org: Some(pending.org),
            connection,
            traceparent: pending.traceparent,
            detail,
            invited: pending.initiator.invitation().is_some(),
        })
    }

    /// Uses the state up; answers the consent if this browser and person may end it now.
    async fn take(
        &self,
        complete: &Complete,
        now: Timestamp,
    ) -> Result<Option<Pending>, ConsentError> {
        let mut tx = self.store.all_organizations().await?;
        let state = OpaqueHash::of(complete.state.expose_secret());
        let pending = consent::take(&mut tx, state, now).await?;
        let Some(pending) = pending else {
            return Ok(None);
        };
        let binding = OpaqueHash::of(complete.browser_binding.expose_secret());
        let same_browser: bool = pending
            .binding_hash
            .as_slice()
            .ct_eq(binding.as_bytes())
            .into();
        let same_person = match pending.initiator {
            Initiator::Person(person) => complete.person == Some(person),
            Initiator::Invitation(_) => true,
        };
        let accepted = same_browser && same_person && now < pending.expires_at;
        if !accepted {
            consent::set_outcome(
                &mut tx,
                pending.org,
                pending.id,
                Outcome::StateRefused.name(),
            )
            .await?;
            let entry = entry(&pending, Outcome::StateRefused, pending.connection, "");
            audit::write(&mut tx, entry, now).await?;
            tracing::warn!(same_browser, same_person, "a consent's state is refused");
        }
        tx.commit().await.map_err(StoreError::from)?;
        Ok(accepted.then_some(pending))
    }

    /// From the redirect's answer to checked tokens. Nothing is stored.
    async fn obtain(
        &self,
        pending: &Pending,
        answer: &Result<SecretString, String>,
    ) -> Result<Result<Consented, Failure>, ConsentError> {
        let provider = self.provider.as_ref().ok_or(ConsentError::NoApp)?;
        let code = match answer {
            Ok(code) => code,
            Err(error) => return Ok(Err(redirect_failure(error))),
        };
        let verifier = self
            .vault
            .open(pending.verifier_place(), &pending.verifier)?;
        // What could not be sealed would be lost, and the code with it.
        keys::replenish(&self.store, &self.vault, self.clock.now()).await?;
        let tokens = match provider.endpoint.exchange(code, &verifier).await {
            Ok(tokens) => tokens,
            Err(error) => return Ok(Err(exchange_failure(&error))),
        };
        let account = match self.identify(provider, &tokens).await {
            Ok(account) => account,
            Err(failure) => return Ok(Err(failure)),
        };
        let asked = provider.endpoint.asked();
        // RFC 6749, 5.1: an answer without scope grants what was asked.
        let granted = tokens.scopes.clone().unwrap_or_else(|| asked.clone());
        let missing = asked.missing_from(&granted);
        Ok(Ok(Consented {
            account,
            kind: provider.kind,
            tokens,
            granted,
            missing,
        }))
    }

    async fn identify(&self, provider: &Provider, tokens: &Tokens) -> Result<Account, Failure> {
        let refused = |error: IdTokenError| {
            tracing::warn!(%error, "an id_token is refused");
            Failure::new(Outcome::IdentityRefused, error.to_string())
        };
        let id_token = tokens
            .id_token
            .as_ref()
            .ok_or(IdTokenError::Form)
            .map_err(refused)?;
        let kid = id_token::key_id(id_token).map_err(refused)?;
        let now = self.clock.now();
        let key = provider.jwks.key(&kid, now).await.map_err(|error| {
            tracing::warn!(%error, "an id_token's key cannot be had");
            let outcome = match error {
                KeyError::Unknown => Outcome::IdentityRefused,
                KeyError::Unavailable => Outcome::ProviderUnavailable,
            };
            Failure::new(outcome, error.to_string())
        })?;
        id_token::verify(
            id_token,
            &key,
            &provider.expected,
            &tokens.access_token,
            now,
        )
        .map_err(refused)
    }

    /// Stores the grant and moves the connection, in one transaction.
    async fn connect(
        &self,
        pending: &Pending,
        consented: Consented,
    ) -> Result<Result<Connection, Failure>, ConsentError> {
        let now = self.clock.now();
        let org = pending.org;
        let mut tx = self.store.tenant(org).await?;
        if let Some(failure) = wrong_account(&mut tx, pending, &consented.account).await? {
            return Ok(Err(failure));
        }
        if let Some(failure) = revoked(&mut tx, pending).await? {
            return Ok(Err(failure));
        }
        if consented.granted.to_vec().is_empty() || !self.grants_anything(&consented) {
            let detail = format!(
                "PagerDuty granted none of what was asked: {}",
                consented.missing
            );
            return Ok(Err(Failure::new(Outcome::NoAccess, detail)));
        }
        let Some(refresh_token) = &consented.tokens.refresh_token else {
            let detail = "PagerDuty gave no refresh token";
            return Ok(Err(Failure::new(Outcome::ProviderUnavailable, detail)));
        };
        let mut connection = connected(pending, &consented, now);
        connection.consented_by_name =
            consent::initiator_name(&mut tx, org, pending.initiator).await?;
        connection::adopt(&mut tx, org, &connection.account).await?;
        connection.id = connection::upsert(&mut tx, &connection, now).await?;
        let (vault, owner) = (&self.vault, (org, connection.id));
        let pair = SealedPair::seal(vault, owner, &consented.tokens.access_token)?
            .refreshed_by(vault, owner, refresh_token)?
            .lasting(now, consented.tokens.life, consented.kind);
        grant::store(&mut tx, org, connection.id, &pair).await?;
        consent::set_outcome(&mut tx, org, pending.id, Outcome::Connected.name()).await?;
        let entry = entry(
            pending,
            Outcome::Connected,
            Some(connection.id),
            &connection.account.subdomain,
        );
        audit::write(&mut tx, entry, now).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(Ok(connection))
    }

    fn grants_anything(&self, consented: &Consented) -> bool {
        let asked = self
            .provider
            .as_ref()
            .map(|provider| provider.endpoint.asked());
        asked.is_some_and(|asked| asked.any_in(&consented.granted))
    }

    async fn record(&self, pending: &Pending, failure: &Failure) -> Result<(), ConsentError> {
        let org = pending.org;
        let mut tx = self.store.tenant(org).await?;
        consent::set_outcome(&mut tx, org, pending.id, failure.outcome.name()).await?;
        let entry = entry(
            pending,
            failure.outcome,
            pending.connection,
            &failure.detail,
        );
        audit::write(&mut tx, entry, self.clock.now()).await?;
        tx.commit().await.map_err(StoreError::from)?;
        Ok(())
    }
}

fn refused_state() -> Completion {
    Completion {
        outcome: Outcome::StateRefused,
        return_to: ReturnTo::connections(),
        org: None,
        connection: None,
        traceparent: String::new(),
        detail: String::new(),
        invited: false,
    }
}

fn redirect_failure(error: &str) -> Failure {
    if error == "access_denied" {
        return Failure::new(Outcome::Denied, "");
    }
    if error == "unauthorized_client" {
        let detail = "an admin of the account has to install the app at PagerDuty first";
        return Failure::new(Outcome::AppNotInstalled, detail);
    }
    // The name comes from a URL that anybody can make up: shown in the log only, escaped and cut.
    let named: String = error.chars().take(64).collect();
    tracing::warn!(error = ?named, "PagerDuty's redirect brought an error");
    Failure::new(
        Outcome::ProviderUnavailable,
        "PagerDuty ended the consent with an error",
    )
}

fn exchange_failure(error: &TokenError) -> Failure {
    tracing::warn!(%error, "the code could not be exchanged");
    let detail = match error {
        TokenError::Refused(_) => "PagerDuty did not accept the code it had given",
        TokenError::Misconfigured(_) => "PagerDuty does not accept this deployment's app settings",
        TokenError::NotSent | TokenError::Lost | TokenError::Ill { .. } => {
            "PagerDuty did not answer"
        }
    };
    Failure::new(Outcome::ProviderUnavailable, detail)
}

/// Whether the invitation was revoked while its consent was under way. It stays locked.
async fn revoked(
    tx: &mut Transaction<'static, Postgres>,
    pending: &Pending,
) -> Result<Option<Failure>, ConsentError> {
    let Some(id) = pending.initiator.invitation() else {
        return Ok(None);
    };
    let stands = invitation::lock_unrevoked(&mut *tx, pending.org, id).await?;
    let detail = "the invitation was revoked";
    Ok((!stands).then(|| Failure::new(Outcome::StateRefused, detail)))
}

/// On Reconnect: whether another account has consented. The connection stays locked.
async fn wrong_account(
    tx: &mut Transaction<'static, Postgres>,
    pending: &Pending,
    account: &Account,
) -> Result<Option<Failure>, ConsentError> {
    let Some(id) = pending.connection else {
        return Ok(None);
    };
    let known = connection::lock(&mut *tx, pending.org, id).await?;
    let known = known.ok_or(ConsentError::NoConnection)?;
    let differs = known.account.id != account.id;
    Ok(differs.then(|| Failure {
        outcome: Outcome::WrongAccount,
        detail: format!(
            "{} consented instead of {}",
            account.subdomain, known.account.subdomain
        ),
        connection: Some(known),
    }))
}

fn connected(pending: &Pending, consented: &Consented, now: Timestamp) -> Connection {
    Connection {
        org: pending.org,
        id: pending.connection.unwrap_or_else(domain::new_id),
        account: consented.account.clone(),
        consented_by: pending.initiator.person(),
        consented_by_name: String::new(),
        consented_at: now,
        scopes_granted: consented.granted.to_vec(),
        scopes_missing: consented.missing.to_vec(),
        state: ConnectionState::Connected,
        reason: String::new(),
        access_ends_at: consented.kind.window_ends_at(now),
        access_kind: consented.kind,
        consenter: Consenter::default(),
        idle_ends_at: None,
        erase_at: None,
    }
}

fn entry(
    pending: &Pending,
    outcome: Outcome,
    connection: Option<ConnectionId>,
    detail: &str,
) -> audit::Entry {
    audit::Entry {
        org: pending.org,
        actor: pending.initiator.into(),
        action: "consent.ended",
        subject: connection.into(),
        detail: json!({ "outcome": outcome.name(), "detail": detail }),
    }
}
