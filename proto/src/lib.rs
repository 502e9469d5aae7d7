//! The contract between the services: generated gRPC and queue types, identifiers, and the queue
//! topology. No logic lives here; whatever two services must agree on does.

pub mod dataset;
pub mod ids;
pub mod time;
pub mod topology;

pub use ids::{ApiKeyId, ConnectionId, InvitationId, OrgId, PersonId, RunId};

/// `quolum.auth.v1`: identity, consent, connections and credentials, served by auth-service.
pub mod auth {
    #[allow(
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        missing_debug_implementations,
        unreachable_pub,
        reason = "generated; documented in the .proto files"
    )]
    pub mod v1 {
        tonic::include_proto!("quolum.auth.v1");
    }
}

/// `quolum.ingest.v1`: synchronizations, served by ingest-service.
pub mod ingest {
    #[allow(
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        missing_debug_implementations,
        unreachable_pub,
        reason = "generated; documented in the .proto files"
    )]
    pub mod v1 {
        tonic::include_proto!("quolum.ingest.v1");
    }
}

/// `quolum.facts.v1`: what ingest-service publishes and dashboard-api consumes.
pub mod facts {
    #[allow(
        clippy::pedantic,
        clippy::allow_attributes_without_reason,
        missing_debug_implementations,
        unreachable_pub,
        reason = "generated; documented in the .proto files"
    )]
    pub mod v1 {
        tonic::include_proto!("quolum.facts.v1");
    }
}
