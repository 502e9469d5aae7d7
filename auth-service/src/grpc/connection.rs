//! `ConnectionService`.

use std::time::Duration;

use chassis::{Clock, Code};
use proto::auth::v1::{
    ConnectDirectlyRequest, ConnectDirectlyResponse, DisconnectRequest, DisconnectResponse,
    ListConnectionsRequest, ListConnectionsResponse, ListErasableRequest, ListErasableResponse,
    connection_service_server::ConnectionService, list_erasable_response::Item,
};
use tonic::{Request, Response, Status, async_trait};

use super::{Refusal, id, render, status};
use crate::{
    connection::{self as domain, Region},
    direct::{Direct, DirectError, Means},
    identity::Member,
    store::Store,
};

/// What a caller is told to wait while PagerDuty does not answer.
const ASK_AGAIN: Duration = Duration::from_secs(5);

/// Answers about connections.
#[derive(Debug, Clone)]
pub struct Connections {
    /// The database.
    pub store: Store,
    /// Connects without a browser.
    pub direct: Direct,
    /// The time.
    pub clock: Clock,
}

#[async_trait]
impl ConnectionService for Connections {
    async fn list_connections(
        &self,
        request: Request<ListConnectionsRequest>,
    ) -> Result<Response<ListConnectionsResponse>, Status> {
        let org = id(&request.get_ref().org_id)?;
        let found = domain::list(&self.store, org).await;
        let found = found.map_err(|error| status(&error, &(&error).into()))?;
        let now = self.clock.now();
        let connections = found.into_iter().map(|found| render(found, now)).collect();
        Ok(Response::new(ListConnectionsResponse { connections }))
    }

    async fn disconnect(
        &self,
        request: Request<DisconnectRequest>,
    ) -> Result<Response<DisconnectResponse>, Status> {
        let request = request.get_ref();
        let member = Member {
            org: id(&request.org_id)?,
            person: id(&request.person_id)?,
        };
        let connection = id(&request.connection_id)?;
        let (now, wish) = (self.clock.now(), (connection, request.erase_data));
        let ended = domain::disconnect(&self.store, member, wish, now).await;
        let ended = ended.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(DisconnectResponse {
            connection: Some(render(ended, now)),
        }))
    }

    async fn connect_directly(
        &self,
        request: Request<ConnectDirectlyRequest>,
    ) -> Result<Response<ConnectDirectlyResponse>, Status> {
        let request = request.into_inner();
        let region = match request.region() {
            proto::auth::v1::Region::Us => Region::Us,
            proto::auth::v1::Region::Eu => Region::Eu,
            proto::auth::v1::Region::Unspecified => {
                return Err(Code::Invalid.status("REGION", "region must be US or EU"));
            }
        };
        let member = Member {
            org: id(&request.org_id)?,
            person: id(&request.person_id)?,
        };
        let means = if request.api_key.is_empty() {
            Means::AppToken {
                subdomain: request.subdomain,
            }
        } else {
            Means::ApiKey(request.api_key.into())
        };
        let made = self.direct.connect(member, means, region).await;
        let made = made.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(ConnectDirectlyResponse {
            connection: Some(render(made, self.clock.now())),
        }))
    }

    async fn list_erasable(
        &self,
        _: Request<ListErasableRequest>,
    ) -> Result<Response<ListErasableResponse>, Status> {
        let found = domain::erasable(&self.store, self.clock.now()).await;
        let found = found.map_err(|error| status(&error, &(&error).into()))?;
        let items = found.into_iter().map(|(org, connection)| Item {
            org_id: org.to_string(),
            connection_id: connection.to_string(),
        });
        Ok(Response::new(ListErasableResponse {
            items: items.collect(),
        }))
    }
}

impl From<&DirectError> for Refusal {
    fn from(error: &DirectError) -> Self {
        match error {
            DirectError::Forbidden => Self::new(Code::Forbidden, "ROLE"),
            DirectError::NoApp => Self::new(Code::Precondition, "NO_APP"),
            DirectError::Subdomain => Self::new(Code::Invalid, "SUBDOMAIN"),
            DirectError::Refused(_) => Self::new(Code::Unauthenticated, "REFUSED"),
            DirectError::Unavailable => Self {
                code: Code::Unavailable,
                reason: "PAGERDUTY_UNAVAILABLE",
                retry_after: Some(ASK_AGAIN),
            },
            DirectError::Vault(_) => Self::new(Code::Internal, "VAULT"),
            DirectError::Store(error) => Self::of_store(error),
        }
    }
}
