//! `ConsentService`.

use chassis::Code;
use jiff::Timestamp;
use proto::{
    auth::v1::{
        BeginRequest, BeginResponse, CompleteRequest, CompleteResponse, ConsentOutcome,
        consent_service_server::ConsentService,
    },
    time::to_proto,
};
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, id, render, status};
use crate::{
    consent::{Begin, Complete, Completion, ConsentError, Consents, Outcome},
    identity::Member,
};

#[async_trait]
impl ConsentService for Consents {
    async fn begin(
        &self,
        request: Request<BeginRequest>,
    ) -> Result<Response<BeginResponse>, Status> {
        let request = request.into_inner();
        let begin = Begin {
            member: Member {
                org: id(&request.org_id)?,
                person: id(&request.person_id)?,
            },
            return_to: request.return_to,
            browser_binding: request.browser_binding.into(),
            connection: request.connection_id.as_deref().map(id).transpose()?,
        };
        let begun = Self::begin(self, begin).await;
        let begun = begun.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(BeginResponse {
            authorize_url: begun.authorize_url.into(),
            expires_at: Some(to_proto(begun.expires_at)),
        }))
    }

    async fn complete(
        &self,
        request: Request<CompleteRequest>,
    ) -> Result<Response<CompleteResponse>, Status> {
        let complete = parse(request.into_inner())?;
        let completion = Self::complete(self, complete).await;
        let completion = completion.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(rendered(completion, self.clock.now())))
    }
}

fn parse(request: CompleteRequest) -> Result<Complete, Status> {
    let answer = match (request.code.is_empty(), request.error.is_empty()) {
        (false, true) => Ok(request.code.into()),
        (true, false) => Err(request.error),
        _ => {
            let words = "exactly one of code and error must be set";
            return Err(Code::Invalid.status("INVALID_ANSWER", words));
        }
    };
    let person = match request.person_id.as_str() {
        "" => None,
        person => Some(id(person)?),
    };
    Ok(Complete {
        state: request.state.into(),
        answer,
        browser_binding: request.browser_binding.into(),
        person,
    })
}

fn rendered(completion: Completion, now: Timestamp) -> CompleteResponse {
    CompleteResponse {
        outcome: outcome(completion.outcome).into(),
        return_to: completion.return_to.to_string(),
        connection: completion
            .connection
            .map(|connection| render(connection, now)),
        traceparent: completion.traceparent,
        org_id: completion
            .org
            .map(|org| org.to_string())
            .unwrap_or_default(),
        detail: completion.detail,
        invited: completion.invited,
    }
}

fn outcome(outcome: Outcome) -> ConsentOutcome {
    match outcome {
        Outcome::Connected => ConsentOutcome::Connected,
        Outcome::Denied => ConsentOutcome::Denied,
        Outcome::StateRefused => ConsentOutcome::StateRefused,
        Outcome::WrongAccount => ConsentOutcome::WrongAccount,
        Outcome::NoAccess => ConsentOutcome::NoAccess,
        Outcome::IdentityRefused => ConsentOutcome::IdentityRefused,
        Outcome::ProviderUnavailable => ConsentOutcome::ProviderUnavailable,
        Outcome::AppNotInstalled => ConsentOutcome::AppNotInstalled,
    }
}

impl From<&ConsentError> for Refusal {
    fn from(error: &ConsentError) -> Self {
        match error {
            ConsentError::ReturnTo(_) => Self::new(Code::Invalid, "RETURN_TO"),
            ConsentError::Unbound => Self::new(Code::Invalid, "BROWSER_BINDING"),
            ConsentError::NoApp => Self::new(Code::Precondition, "NO_APP"),
            ConsentError::NoConnection => Self::new(Code::NotFound, "NO_CONNECTION"),
            ConsentError::Forbidden => Self::new(Code::Forbidden, "ROLE"),
            ConsentError::Stopping => Self::new(Code::Unavailable, "STOPPING"),
            ConsentError::Vault(_) => Self::new(Code::Internal, "VAULT"),
            ConsentError::Store(error) => Self::of_store(error),
        }
    }
}
