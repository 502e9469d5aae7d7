//! One database, one simulator, any number of replicas, and a person who wants to connect.

use std::collections::BTreeMap;

use auth_service::{
    Config, Service,
    consent_clock::ConsentClock,
    identity::{self, Member, NewOrganization},
    mail::Mailer,
    refresh_ahead::RefreshAhead,
    store::Store,
    vault,
};
use chassis::{Clock, Lifecycle};
use jiff::SignedDuration;
use pagerduty_sim::{Options, Simulator};
use proto::auth::v1::{
    BeginRequest, CompleteRequest, CompleteResponse, Connection, ConsentOutcome, LeaseTokenRequest,
    LeaseTokenResponse, audit_service_client::AuditServiceClient,
    connection_service_client::ConnectionServiceClient,
    consent_service_client::ConsentServiceClient,
    credential_service_client::CredentialServiceClient,
    identity_service_client::IdentityServiceClient,
    invitation_service_client::InvitationServiceClient, member_service_client::MemberServiceClient,
};
use secrecy::ExposeSecret;
use sqlx::{ConnectOptions, PgPool};
use tonic::{Status, transport::Channel};
use url::Url;

pub(crate) const REDIRECT: &str = "http://127.0.0.1:9/connect/callback";
pub(crate) const BINDING: &str = "what the browser's cookie holds";

/// A replica in this process.
pub(crate) struct Replica {
    pub(crate) consent: ConsentServiceClient<Channel>,
    pub(crate) connection: ConnectionServiceClient<Channel>,
    pub(crate) credential: CredentialServiceClient<Channel>,
    pub(crate) identity: IdentityServiceClient<Channel>,
    pub(crate) member: MemberServiceClient<Channel>,
    pub(crate) invitation: InvitationServiceClient<Channel>,
    pub(crate) audit: AuditServiceClient<Channel>,
    pub(crate) ahead: RefreshAhead,
    pub(crate) consent_clock: ConsentClock,
    pub(crate) mailer: Mailer,
    lifecycle: Lifecycle,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.lifecycle.stop();
    }
}

pub(crate) struct World {
    pub(crate) pool: PgPool,
    pub(crate) store: Store,
    pub(crate) sim: Simulator,
    pub(crate) clock: Clock,
    pub(crate) member: Member,
    pub(crate) replicas: Vec<Replica>,
}

/// What is different from the usual.
#[derive(Default)]
pub(crate) struct Setup {
    pub(crate) replicas: usize,
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl World {
    pub(crate) async fn start(pool: PgPool) -> Self {
        Self::with(pool, Setup::default()).await
    }

    pub(crate) async fn with(pool: PgPool, setup: Setup) -> Self {
        let options = Options {
            redirect_uris: vec![REDIRECT.to_owned()],
            ..Options::default()
        };
        let sim = Simulator::start(options).await.expect("a simulator");
        let clock = Clock::manual(Clock::System.now());
        let store = Store::new(pool.clone());
        let new = NewOrganization {
            name: "Acme".to_owned(),
            owner_email: "Owner@acme.example".to_owned(),
            owner_name: "Owner".to_owned(),
        };
        let member = identity::create_organization(&store, new, clock.now())
            .await
            .expect("an organization");
        plain_role(&pool).await;
        let mut variables = variables(&pool, &sim);
        variables.extend(
            setup
                .variables
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut replicas = Vec::new();
        for _ in 0..setup.replicas.max(1) {
            replicas.push(replica(variables.clone(), &clock).await);
        }
        Self {
            pool,
            store,
            sim,
            clock,
            member,
            replicas,
        }
    }

    /// Moves our clock and PagerDuty's.
    pub(crate) fn advance(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
        self.sim.state().clock.advance(seconds);
    }

    pub(crate) fn begin_request(&self) -> BeginRequest {
        BeginRequest {
            org_id: self.member.org.to_string(),
            person_id: self.member.person.to_string(),
            return_to: "/connections?tab=cards".to_owned(),
            browser_binding: BINDING.to_owned(),
            connection_id: None,
        }
    }

    /// Presses Connect and lets the person decide at PagerDuty; answers what the browser brings back.
    pub(crate) async fn visit(
        &mut self,
        request: BeginRequest,
        email: &str,
        decision: &str,
    ) -> CompleteRequest {
        let begun = self.replicas[0]
            .consent
            .begin(request)
            .await
            .expect("begun")
            .into_inner();
        let back = self
            .sim
            .consent(&begun.authorize_url, email, decision)
            .expect("a redirect back");
        let back: Url = back.parse().expect("a URL");
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        let query: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
        let part = |name: &str| query.get(name).cloned().unwrap_or_default();
        CompleteRequest {
            state: part("state"),
            code: part("code"),
            error: part("error"),
            browser_binding: BINDING.to_owned(),
            person_id: self.member.person.to_string(),
        }
    }

    pub(crate) async fn complete(&mut self, request: CompleteRequest) -> CompleteResponse {
        self.replicas[0]
            .consent
            .complete(request)
            .await
            .expect("completed")
            .into_inner()
    }

    /// The whole round trip.
    pub(crate) async fn consent(&mut self, request: BeginRequest, email: &str) -> CompleteResponse {
        let back = self.visit(request, email, "allow").await;
        self.complete(back).await
    }

    /// The whole round trip, for a connection that works.
    pub(crate) async fn connect(&mut self) -> Connection {
        let completed = self
            .consent(self.begin_request(), "admin@acme.example")
            .await;
        assert_eq!(
            completed.outcome(),
            ConsentOutcome::Connected,
            "{}",
            completed.detail
        );
        completed.connection.expect("a connection")
    }

    pub(crate) async fn lease(
        &mut self,
        connection: &Connection,
    ) -> Result<LeaseTokenResponse, Status> {
        let answer = self.replicas[0]
            .credential
            .lease_token(lease_request(connection))
            .await;
        answer.map(tonic::Response::into_inner)
    }

    pub(crate) fn posts(&self, grant: &str) -> u64 {
        let summary = self.sim.state().ledger.summary();
        summary.token_posts.get(grant).copied().unwrap_or_default()
    }

    pub(crate) async fn audited(&self, action: &str) -> i64 {
        let count =
            sqlx::query_scalar("select count(*) from audit_log where action = $1").bind(action);
        count.fetch_one(&self.pool).await.expect("a count")
    }
}

pub(crate) fn lease_request(connection: &Connection) -> LeaseTokenRequest {
    LeaseTokenRequest {
        org_id: connection.org_id.clone(),
        connection_id: connection.id.clone(),
        min_valid: Some(prost_types::Duration {
            seconds: 60,
            nanos: 0,
        }),
    }
}

/// The service works as a role like its own in production: no superuser, no owner, no bypassrls.
pub(crate) async fn plain_role(pool: &PgPool) {
    let role = "do $$ begin create role auth_plain; exception when duplicate_object or unique_violation then null; end $$";
    for sql in [
        role,
        "grant usage on schema public to auth_plain",
        "grant select, insert, update, delete on all tables in schema public to auth_plain",
    ] {
        sqlx::query(sql).execute(pool).await.expect("granted");
    }
}

pub(crate) fn as_plain_role(pool: &PgPool) -> Url {
    let mut url = pool.connect_options().to_url_lossy();
    url.query_pairs_mut()
        .append_pair("options[role]", "auth_plain");
    url
}

/// The settings of a replica in a test.
pub(crate) fn variables(pool: &PgPool, sim: &Simulator) -> BTreeMap<String, String> {
    let key = vault::generate_key("k1").expect("a key");
    let url = sim.url();
    let pairs = [
        ("AUTH_DATABASE_URL", as_plain_role(pool).to_string()),
        ("AUTH_GRPC_ADDR", "127.0.0.1:0".to_owned()),
        ("AUTH_ADMIN_ADDR", "127.0.0.1:0".to_owned()),
        ("AUTH_REDIRECT_URL", REDIRECT.to_owned()),
        ("AUTH_VAULT_KEYS", key.expose_secret().to_owned()),
        ("AUTH_PAGERDUTY_CLIENT_ID", "classic-app".to_owned()),
        ("AUTH_PAGERDUTY_CLIENT_SECRET", "classic-secret".to_owned()),
        ("AUTH_PAGERDUTY_SCOPES", "read".to_owned()),
        ("AUTH_PAGERDUTY_IDENTITY_URL", url.to_owned()),
        (
            "AUTH_PAGERDUTY_ISSUERS",
            format!(
                "{url}/global/oauth/anonymous,https://app.pagerduty.com/global/oauth/anonymous"
            ),
        ),
        (
            "AUTH_PAGERDUTY_API_URLS",
            format!("US={url},EU={}", sim.eu_url()),
        ),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

async fn replica(variables: BTreeMap<String, String>, clock: &Clock) -> Replica {
    let config = Config::from_variables(variables).expect("settings");
    let lifecycle = Lifecycle::new();
    let service = Service::build(config, clock.clone(), None, lifecycle.clone())
        .await
        .expect("a service");
    let (ahead, mailer) = (service.refresh_ahead(), service.mailer());
    let consent_clock = service.consent_clock();
    let url = format!("http://{}", service.addrs().grpc);
    service.spawn();
    let channel = Channel::from_shared(url)
        .expect("an address")
        .connect()
        .await
        .expect("a channel");
    Replica {
        consent: ConsentServiceClient::new(channel.clone()),
        connection: ConnectionServiceClient::new(channel.clone()),
        credential: CredentialServiceClient::new(channel.clone()),
        identity: IdentityServiceClient::new(channel.clone()),
        member: MemberServiceClient::new(channel.clone()),
        invitation: InvitationServiceClient::new(channel.clone()),
        audit: AuditServiceClient::new(channel),
        ahead,
        consent_clock,
        mailer,
        lifecycle,
    }
}
