//! The whole system for one test: simulator, databases, three services.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::PathBuf,
    time::{Duration, Instant},
};

use pagerduty_sim::Simulator;
use serde_json::Value;
use sqlx::PgConnection;
use url::Url;

use crate::{
    Browser,
    process::{LOOK, Service, free_addr},
    stack,
};

/// Longest time a synchronization may take in a test.
const SYNC_LIMIT: Duration = Duration::from_mins(4);
const VAULT_KEY: &str = "test:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// Everything this version reads, as a Scoped app asks for it.
pub const SCOPES: &str = "openid users.read licenses.read teams.read oauth_delegations.read users:contact_methods.read \
     oncalls.read schedules.read escalation_policies.read services.read incidents.read \
     users:notifications.read audit_records.read analytics.read analytics.write abilities.read \
     incident_workflows.read event_orchestrations.read extensions.read status_pages.read \
     subscribers.read tags.read priorities.read templates.read change_events.read \
     webhook_subscriptions.read webhook_subscriptions.write";

/// How to start a [`System`].
#[derive(Debug, Clone)]
pub struct Options {
    /// The simulator's.
    pub simulator: pagerduty_sim::Options,
    /// OAuth client id at the simulator.
    pub client_id: &'static str,
    /// Scopes to ask for.
    pub scopes: &'static str,
    /// Requests per minute that ingest-service believes it may make.
    pub rate_limit: u32,
    /// Where traces go, if anywhere.
    pub otlp_endpoint: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            simulator: pagerduty_sim::Options {
                rate_limit: None,
                ..Default::default()
            },
            client_id: "scoped-app",
            scopes: SCOPES,
            rate_limit: 600_000,
            otlp_endpoint: None,
        }
    }
}

/// Everything that runs.
#[derive(Debug)]
pub struct System {
    /// PagerDuty.
    pub simulator: Simulator,
    /// auth-service.
    pub auth: Service,
    /// ingest-service.
    pub ingest: Service,
    /// dashboard-api.
    pub dashboard: Service,
    /// The product's origin.
    pub home: Url,
    /// dashboard-api's database.
    pub dashboard_database: Url,
    databases: Vec<Url>,
    _queues: PgConnection,
}

impl System {
    /// Starts everything and waits until it is ready.
    pub async fn start(options: Options) -> Self {
        let queues = stack::sole_use_of_the_queues().await;
        stack::delete_queues().await;
        let mut databases = Vec::new();
        for service in ["auth", "ingest", "dashboard"] {
            databases.push(stack::fresh_database(service).await);
        }
        let home: Url = format!("http://{}", free_addr()).parse().expect("a URL");
        let mut simulated = options.simulator.clone();
        simulated
            .redirect_uris
            .push(home.join("/connect/callback").expect("a path").to_string());
        let simulator = Simulator::start(simulated)
            .await
            .expect("the simulator starts");
        let plan = Plan {
            options,
            home: home.clone(),
            databases,
            simulator: simulator.url().to_owned(),
        };
        let [mut auth, mut ingest, mut dashboard] = plan.services();
        for service in [&mut auth, &mut ingest, &mut dashboard] {
            service.command(&["migrate"]);
            service.spawn();
        }
        for service in [&mut auth, &mut dashboard, &mut ingest] {
            service.ready().await;
        }
        let databases = plan.databases;
        let dashboard_database = databases[2].clone();
        Self {
            simulator,
            auth,
            ingest,
            dashboard,
            home,
            dashboard_database,
            databases,
            _queues: queues,
        }
    }

    /// A browser signed in as the owner of a new organization.
    pub async fn owner(&self, organization: &str) -> Browser {
        let email = format!("owner@{organization}.example");
        self.auth.command(&[
            "org",
            "create",
            "--name",
            organization,
            "--owner-email",
            &email,
        ]);
        let link = self.auth.command(&["sign-in-link", "--email", &email]);
        let mut browser = Browser::new(&self.home);
        browser.sign_in(&link).await;
        browser
    }

    /// Connects the simulated account of an e-mail by the whole consent round trip; answers the
    /// connection.
    pub async fn connect(&self, browser: &mut Browser, email: &str) -> Value {
        let sign_in = browser.press_connect("/connections", None).await;
        let page = browser.consent(sign_in, email, "allow").await;
        let query = page.url.query().unwrap_or_default().to_owned();
        assert!(
            query.contains("consent=connected"),
            "came back to {}",
            page.url
        );
        assert_eq!(page.url.path(), "/connections");
        browser.json("/api/v1/connections").await["data"][0].clone()
    }

    /// Waits until the newest run of the first connection has been stored and crunched.
    pub async fn stored(&self, browser: &mut Browser) -> Value {
        let end = Instant::now() + SYNC_LIMIT;
        loop {
            let connections = browser.json("/api/v1/connections").await;
            let sync = &connections["data"][0]["sync"];
            if sync["stored"] == true {
                return sync.clone();
            }
            assert_ne!(sync["state"], "failed", "{sync}");
            assert!(Instant::now() < end, "not stored in time: {sync:#}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Asks the simulator's control.
    pub async fn simulated(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.simulator.url());
        let answer = reqwest::get(&url).await.expect("an answer");
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    /// Orders something from the simulator's control.
    pub async fn simulate(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.simulator.url());
        let answer = reqwest::Client::new()
            .post(&url)
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert!(answer.status().is_success(), "{url}: {}", answer.status());
        answer.json().await.unwrap_or(Value::Null)
    }

    /// Stops everything and drops the databases.
    pub async fn stop(mut self) {
        for service in [&mut self.dashboard, &mut self.ingest, &mut self.auth] {
            service.kill();
        }
        for database in &self.databases {
            stack::drop_database(database).await;
        }
    }
}

/// Where a service finds another.
fn peer(address: SocketAddr) -> String {
    let scheme = if stack::certificates().is_some() {
        "https"
    } else {
        "http"
    };
    format!("{scheme}://{address}")
}

/// The settings that encrypt what a service says and hears.
fn encryption(service: &str, prefix: &str) -> Vec<(String, String)> {
    let Some(folder) = stack::certificates() else {
        return Vec::new();
    };
    let path = |file: &str| folder.join(file).to_string_lossy().into_owned();
    let mut settings = vec![
        (
            format!("{prefix}_TLS_CERT"),
            path(&format!("{service}.crt")),
        ),
        (format!("{prefix}_TLS_KEY"), path(&format!("{service}.key"))),
        (format!("{prefix}_TLS_CA"), path("ca.crt")),
    ];
    if prefix != "AUTH" {
        settings.push((format!("{prefix}_AMQP_CA_FILE"), path("ca.crt")));
    }
    settings
}

struct Plan {
    options: Options,
    home: Url,
    databases: Vec<Url>,
    simulator: String,
}

/// Where the services listen, beside the product's own origin.
struct Ports {
    auth_grpc: SocketAddr,
    ingest_grpc: SocketAddr,
    ingest_http: SocketAddr,
    admin: [SocketAddr; 3],
}

impl Ports {
    fn free() -> Self {
        let [auth_grpc, ingest_grpc, ingest_http] = [(); 3].map(|()| free_addr());
        Self {
            auth_grpc,
            ingest_grpc,
            ingest_http,
            admin: [(); 3].map(|()| free_addr()),
        }
    }
}

impl Plan {
    fn services(&self) -> [Service; 3] {
        let ports = Ports::free();
        let folder = self.log_folder();
        let [auth, ingest, dashboard] = ports.admin;
        let service = |name, prefix, mut settings: BTreeMap<_, _>, admin| {
            settings.extend(encryption(name, prefix));
            Service::new(name, settings, admin, &folder)
        };
        [
            service("auth-service", "AUTH", self.auth(&ports), auth),
            service("ingest-service", "INGEST", self.ingest(&ports), ingest),
            service(
                "dashboard-api",
                "DASHBOARD",
                self.dashboard(&ports),
                dashboard,
            ),
        ]
    }

    fn auth(&self, ports: &Ports) -> BTreeMap<String, String> {
        let sim = &self.simulator;
        let client = self.options.client_id;
        let callback = self.home.join("/connect/callback").expect("a path");
        self.environment(&[
            ("AUTH_DATABASE_URL", self.databases[0].as_str()),
            ("AUTH_GRPC_ADDR", &ports.auth_grpc.to_string()),
            ("AUTH_ADMIN_ADDR", &ports.admin[0].to_string()),
            ("AUTH_REDIRECT_URL", callback.as_str()),
            ("AUTH_VAULT_KEYS", VAULT_KEY),
            ("AUTH_PAGERDUTY_CLIENT_ID", client),
            (
                "AUTH_PAGERDUTY_CLIENT_SECRET",
                &client.replace("app", "secret"),
            ),
            ("AUTH_PAGERDUTY_SCOPES", self.options.scopes),
            ("AUTH_PAGERDUTY_IDENTITY_URL", sim),
            (
                "AUTH_PAGERDUTY_ISSUERS",
                &format!("{sim}/global/oauth/anonymous"),
            ),
            ("AUTH_PAGERDUTY_API_URLS", &format!("US={sim},EU={sim}/eu")),
        ])
    }

    fn ingest(&self, ports: &Ports) -> BTreeMap<String, String> {
        let sim = &self.simulator;
        self.environment(&[
            ("INGEST_DATABASE_URL", self.databases[1].as_str()),
            ("INGEST_AMQP_URL", &stack::amqp_url()),
            ("INGEST_GRPC_ADDR", &ports.ingest_grpc.to_string()),
            ("INGEST_HTTP_ADDR", &ports.ingest_http.to_string()),
            ("INGEST_ADMIN_ADDR", &ports.admin[1].to_string()),
            ("INGEST_AUTH_URL", &peer(ports.auth_grpc)),
            ("INGEST_PAGERDUTY_US_URL", sim),
            ("INGEST_PAGERDUTY_EU_URL", &format!("{sim}/eu")),
            (
                "INGEST_RATE_LIMIT_PER_MINUTE",
                &self.options.rate_limit.to_string(),
            ),
        ])
    }

    fn dashboard(&self, ports: &Ports) -> BTreeMap<String, String> {
        let home = self.home.as_str().trim_end_matches('/');
        self.environment(&[
            ("DASHBOARD_DATABASE_URL", self.databases[2].as_str()),
            ("DASHBOARD_AMQP_URL", &stack::amqp_url()),
            ("DASHBOARD_HTTP_ADDR", home.trim_start_matches("http://")),
            ("DASHBOARD_ADMIN_ADDR", &ports.admin[2].to_string()),
            ("DASHBOARD_AUTH_URL", &peer(ports.auth_grpc)),
            ("DASHBOARD_INGEST_URL", &peer(ports.ingest_grpc)),
            ("DASHBOARD_PUBLIC_URL", home),
        ])
    }

    fn environment(&self, settings: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = settings
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let otlp = self.options.otlp_endpoint.iter();
        let otlp = otlp.flat_map(|url| {
            let prompt = ("OTEL_BSP_SCHEDULE_DELAY".to_owned(), "100".to_owned());
            [
                ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), url.clone()),
                prompt,
            ]
        });
        own.chain(otlp).collect()
    }

    fn log_folder(&self) -> PathBuf {
        let port = self.home.port().unwrap_or_default();
        let folder =
            std::env::temp_dir().join(format!("quolum-system-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for logs");
        folder
    }
}
