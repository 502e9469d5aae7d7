//! A lender of tokens in auth-service's place.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use pagerduty_sim::Simulator;
use proto::{
    ConnectionId, OrgId,
    auth::v1::{
        AccessKind, ConnectionState, LeaseTokenRequest, LeaseTokenResponse, ListSyncableRequest,
        ListSyncableResponse, OpenRequest, OpenResponse, Region, ReportRejectedRequest,
        ReportRejectedResponse, SealRequest, SealResponse,
        credential_service_server::CredentialService, list_syncable_response::Item,
    },
};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// Everything a scoped token needs for all datasets.
const SCOPES: &str = "users.read licenses.read teams.read services.read escalation_policies.read schedules.read \
                      oncalls.read incidents.read analytics.read analytics.write abilities.read priorities.read tags.read \
                      status_pages.read incident_workflows.read event_orchestrations.read \
                      extensions.read templates.read subscribers.read oauth_delegations.read audit_records.read \
                      users:notifications.read change_events.read webhook_subscriptions.read webhook_subscriptions.write";

fn granted() -> Vec<String> {
    SCOPES.split_whitespace().map(str::to_owned).collect()
}

/// Plays auth-service's credential RPCs with tokens of the simulator; the whole-system tests use the real one.
#[derive(Debug, Clone)]
pub(crate) struct Lender {
    pub(crate) org: OrgId,
    pub(crate) connection: ConnectionId,
    token: Arc<Mutex<String>>,
    version: Arc<AtomicI64>,
    /// Connections of the same organization, with the same token.
    pub(crate) others: Arc<Mutex<Vec<ConnectionId>>>,
    /// What a report of a rejected token leads to.
    pub(crate) after_rejection: Arc<Mutex<Option<String>>>,
    state: Arc<Mutex<ConnectionState>>,
    region: Arc<Mutex<Region>>,
    /// PagerDuty's token endpoint is ill.
    pub(crate) ill: Arc<AtomicBool>,
    /// What auth-service says was granted.
    pub(crate) scopes: Arc<Mutex<Vec<String>>>,
}

#[tonic::async_trait]
impl CredentialService for Lender {
    async fn lease_token(
        &self,
        _: Request<LeaseTokenRequest>,
    ) -> Result<Response<LeaseTokenResponse>, Status> {
        if self.ill.load(Ordering::SeqCst) {
            return Err(chassis::Code::Unavailable.status("PROVIDER", "the token endpoint is ill"));
        }
        if *self.state.lock().expect("unpoisoned") != ConnectionState::Connected {
            return Err(chassis::Code::Precondition.status("RECONNECT", "access has ended"));
        }
        Ok(Response::new(LeaseTokenResponse {
            access_token: self.token.lock().expect("unpoisoned").clone(),
            expires_at: None,
            region: (*self.region.lock().expect("unpoisoned")).into(),
            scopes: self.scopes.lock().expect("unpoisoned").clone(),
            token_version: self.version.load(Ordering::SeqCst),
            access_kind: AccessKind::Scoped.into(),
            pagerduty_user_id: String::new(),
        }))
    }

    async fn report_rejected(
        &self,
        request: Request<ReportRejectedRequest>,
    ) -> Result<Response<ReportRejectedResponse>, Status> {
        assert_eq!(
            request.into_inner().token_version,
            self.version.load(Ordering::SeqCst)
        );
        let state = match self.after_rejection.lock().expect("unpoisoned").take() {
            Some(token) => {
                *self.token.lock().expect("unpoisoned") = token;
                self.version.fetch_add(1, Ordering::SeqCst);
                ConnectionState::Connected
            }
            None => ConnectionState::Reconnect,
        };
        *self.state.lock().expect("unpoisoned") = state;
        Ok(Response::new(ReportRejectedResponse {
            state: state.into(),
        }))
    }

    async fn list_syncable(
        &self,
        _: Request<ListSyncableRequest>,
    ) -> Result<Response<ListSyncableResponse>, Status> {
        let item = Item {
            org_id: self.org.to_string(),
            connection_id: self.connection.to_string(),
        };
        let connected = *self.state.lock().expect("unpoisoned") == ConnectionState::Connected;
        let others = self.others.lock().expect("unpoisoned");
        let others = others.iter().map(|connection| Item {
            org_id: self.org.to_string(),
            connection_id: connection.to_string(),
        });
        let items = connected
            .then_some(item)
            .into_iter()
            .chain(others)
            .collect();
        Ok(Response::new(ListSyncableResponse { items }))
    }

    async fn report_consenter(
        &self,
        _: Request<proto::auth::v1::ReportConsenterRequest>,
    ) -> Result<Response<proto::auth::v1::ReportConsenterResponse>, Status> {
        Err(Status::unimplemented("report_consenter"))
    }

    async fn seal(&self, request: Request<SealRequest>) -> Result<Response<SealResponse>, Status> {
        self.well()?;
        let asked = request.into_inner();
        let bound = [asked.org_id, asked.connection_id, asked.field].join("/");
        let sealed = [bound.as_bytes(), b"\n", &asked.secret].concat();
        Ok(Response::new(SealResponse { sealed }))
    }

    async fn open(&self, request: Request<OpenRequest>) -> Result<Response<OpenResponse>, Status> {
        self.well()?;
        let asked = request.into_inner();
        let bound = [asked.org_id, asked.connection_id, asked.field].join("/") + "\n";
        let lost = || chassis::Code::Precondition.status("LOST", "sealed for something else");
        let secret = asked
            .sealed
            .strip_prefix(bound.as_bytes())
            .ok_or_else(lost)?;
        let secret = secret.to_vec();
        Ok(Response::new(OpenResponse { secret }))
    }
}

impl Lender {
    /// Of an organization and a connection of their own, with this token of a US account.
    pub(crate) fn new(token: String) -> Self {
        Self {
            org: OrgId(Uuid::now_v7()),
            connection: ConnectionId(Uuid::now_v7()),
            token: Arc::new(Mutex::new(token)),
            version: Arc::new(AtomicI64::new(1)),
            others: Arc::default(),
            after_rejection: Arc::default(),
            state: Arc::new(Mutex::new(ConnectionState::Connected)),
            region: Arc::new(Mutex::new(Region::Us)),
            ill: Arc::default(),
            scopes: Arc::new(Mutex::new(granted())),
        }
    }

    fn well(&self) -> Result<(), Status> {
        if self.ill.load(Ordering::SeqCst) {
            return Err(chassis::Code::Unavailable.status("VAULT", "auth-service is ill"));
        }
        Ok(())
    }

    /// The person who consented granted only these scopes.
    pub(crate) async fn narrow(&self, simulator: &Simulator, scopes: &str) {
        let narrow = granted_token(simulator, "as_account-us.acme", scopes).await;
        *self.token.lock().expect("unpoisoned") = narrow;
        let granted = scopes.split_whitespace().map(str::to_owned).collect();
        *self.scopes.lock().expect("unpoisoned") = granted;
    }

    /// The token is one that PagerDuty does not know.
    pub(crate) fn forge(&self) {
        "forged".clone_into(&mut self.token.lock().expect("unpoisoned"));
    }

    /// The connected account is the European one.
    pub(crate) async fn move_to_europe(&self, simulator: &Simulator) {
        *self.token.lock().expect("unpoisoned") = token(simulator, "as_account-eu.euro").await;
        *self.region.lock().expect("unpoisoned") = Region::Eu;
    }
}

pub(crate) async fn fresh_token(simulator: &Simulator) -> String {
    token(simulator, "as_account-us.acme").await
}

async fn token(simulator: &Simulator, account: &str) -> String {
    granted_token(simulator, account, SCOPES).await
}

async fn granted_token(simulator: &Simulator, account: &str, scopes: &str) -> String {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", "scoped-app"),
        ("client_secret", "scoped-secret"),
        ("scope", &format!("{account} {scopes}")),
    ];
    let client = reqwest::Client::new();
    let answer = client
        .post(format!("{}/oauth/token", simulator.url()))
        .form(&form)
        .send()
        .await
        .expect("answered");
    let answer: serde_json::Value = answer.json().await.expect("JSON");
    answer["access_token"].as_str().expect("a token").to_owned()
}
