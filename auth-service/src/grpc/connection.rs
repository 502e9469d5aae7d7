//! `ConnectionService`.

use chassis::Clock;
use proto::auth::v1::{
    DisconnectRequest, DisconnectResponse, ListConnectionsRequest, ListConnectionsResponse,
    connection_service_server::ConnectionService,
};
use tonic::{Request, Response, Status, async_trait};

use super::{id, render, status};
use crate::{connection as domain, identity::Member, store::Store};

/// Answers about connections.
#[derive(Debug, Clone)]
pub struct Connections {
    /// The database.
    pub store: Store,
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
        let connections = found.into_iter().map(render).collect();
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
        let ended = domain::disconnect(&self.store, member, connection, self.clock.now()).await;
        let ended = ended.map_err(|error| status(&error, &(&error).into()))?;
        Ok(Response::new(DisconnectResponse {
            connection: Some(render(ended)),
        }))
    }

    async fn connect_directly(
        &self,
        _: Request<proto::auth::v1::ConnectDirectlyRequest>,
    ) -> Result<Response<proto::auth::v1::ConnectDirectlyResponse>, Status> {
        Err(Status::unimplemented("connect_directly"))
    }

    async fn list_erasable(
        &self,
        _: Request<proto::auth::v1::ListErasableRequest>,
    ) -> Result<Response<proto::auth::v1::ListErasableResponse>, Status> {
        Err(Status::unimplemented("list_erasable"))
    }
}
