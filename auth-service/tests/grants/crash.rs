//! Killed with SIGKILL at any moment: while a consent ends, while a token is refreshed, while keys are
//! rotated. Afterwards every connection works or says Reconnect; none is silently dead.
//!
//! The moment is chance; what had happened by then is read from PagerDuty's ledger and from the
//! database. `QUOLUM_KILLS=200` makes two hundred of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use auth_service::{
    identity::{self, Member, NewOrganization},
    store::Store,
    vault,
};
use chassis::Clock;
use pagerduty_sim::{Options, Simulator};
use proto::auth::v1::{
    BeginRequest, CompleteRequest, Connection, ConnectionState, ConsentOutcome,
    ListConnectionsRequest,
};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use url::Url;

use crate::{
    harness::{self, REDIRECT, lease_request},
    process::{Process, Wire, command},
};

/// How long a packet between the service and PostgreSQL takes.
const PACKET: Duration = Duration::from_millis(2);
/// Kills in a usual test run.
const USUAL_KILLS: usize = 18;

struct Scene {
    pool: PgPool,
    sim: Simulator,
    member: Member,
    variables: BTreeMap<String, String>,
    _wire: Wire,
    /// How long each takes when nobody is killed.
    callback: Duration,
    refresh: Duration,
    stages: BTreeMap<&'static str, usize>,
}

/// What the kills met, for whoever reads the test's output.
#[derive(Debug, Default)]
struct Fates {
    works: usize,
    reconnect: usize,
}

fn kills() -> usize {
    let told = std::env::vars_os().find(|(name, _)| name == "QUOLUM_KILLS");
    let told = told.and_then(|(_, value)| value.into_string().ok()?.parse().ok());
    told.unwrap_or(USUAL_KILLS)
}

/// Any moment of something that takes about so long, and a little after it.
fn moment(of: Duration) -> Duration {
    of.mul_f64(rand::random_range(0.0..1.3))
}

impl Scene {
    async fn set(pool: PgPool) -> Self {
        let options = Options {
            redirect_uris: vec![REDIRECT.to_owned()],
            ..Options::default()
        };
        let sim = Simulator::start(options).await.expect("a simulator");
        let store = Store::new(pool.clone());
        let new = NewOrganization {
            name: "Acme".to_owned(),
            owner_email: "owner@acme.example".to_owned(),
            owner_name: "Owner".to_owned(),
        };
        let member = identity::create_organization(&store, new, Clock::System.now())
            .await
            .expect("an organization");
        harness::plain_role(&pool).await;
        let mut variables = harness::variables(&pool, &sim);
        let near = pool.connect_options();
        let wire = Wire::to(near.get_host(), near.get_port(), PACKET).await;
        let mut url = harness::as_plain_role(&pool);
        url.set_port(Some(wire.port)).expect("a port");
        variables.insert("AUTH_DATABASE_URL".to_owned(), url.to_string());
        Self {
            pool,
            sim,
            member,
            variables,
            _wire: wire,
            callback: Duration::ZERO,
            refresh: Duration::ZERO,
            stages: BTreeMap::new(),
        }
    }

    async fn start(&self) -> Process {
        Process::start(&self.variables).await
    }

    async fn scalar(&self, sql: &'static str) -> i64 {
        let count = sqlx::query_scalar(sql).fetch_one(&self.pool).await;
        count.expect("a count")
    }

    fn posts(&self, grant: &str) -> u64 {
        let summary = self.sim.state().ledger.summary();
        summary.token_posts.get(grant).copied().unwrap_or_default()
    }

    async fn visit(&self, process: &mut Process) -> CompleteRequest {
        let request = BeginRequest {
            org_id: self.member.org.to_string(),
            person_id: self.member.person.to_string(),
            return_to: "/connections".to_owned(),
            browser_binding: "cookie".to_owned(),
            connection_id: None,
        };
        let begun = process
            .consent
            .begin(request)
            .await
            .expect("begun")
            .into_inner();
        let back = self
            .sim
            .consent(&begun.authorize_url, "admin@acme.example", "allow");
        let back: Url = back.expect("a redirect").parse().expect("a URL");
        let query: BTreeMap<_, _> = back.query_pairs().into_owned().collect();
        CompleteRequest {
            state: query["state"].clone(),
            code: query["code"].clone(),
            error: String::new(),
            browser_binding: "cookie".to_owned(),
            person_id: self.member.person.to_string(),
        }
    }

    async fn connect(&self, process: &mut Process) {
        let back = self.visit(process).await;
        let completed = process
            .consent
            .complete(back)
            .await
            .expect("an outcome")
            .into_inner();
        assert_eq!(
            completed.outcome(),
            ConsentOutcome::Connected,
            "{}",
            completed.detail
        );
    }

    async fn connections(&self, process: &mut Process) -> Vec<Connection> {
        let org_id = self.member.org.to_string();
        let list = process
            .connection
            .list_connections(ListConnectionsRequest { org_id })
            .await;
        list.expect("a list").into_inner().connections
    }

    /// Every connection works, with a token that PagerDuty takes, or says Reconnect.
    async fn judge(&self, process: &mut Process, fates: &mut Fates) {
        // Whoever died while refreshing is waited for; here that time passes at once.
        sqlx::query(
            "update grants set refresh_started_at = refresh_started_at - interval '10 minutes',
                               refresh_not_before = refresh_not_before - interval '10 minutes'",
        )
        .execute(&self.pool)
        .await
        .expect("time passes");
        for connection in self.connections(process).await {
            let leased = process
                .credential
                .lease_token(lease_request(&connection))
                .await;
            let token = leased.map(|answer| answer.into_inner().access_token);
            let after = self.connections(process).await.into_iter();
            let after = after
                .map(|one| (one.id, ConnectionState::try_from(one.state)))
                .collect::<BTreeMap<_, _>>();
            let state = after[&connection.id].expect("a state");
            match token {
                Ok(token) => {
                    assert_eq!(state, ConnectionState::Connected);
                    assert!(self.sim.state().identity.is_live(&token), "silently dead");
                    fates.works += 1;
                }
                Err(status) => {
                    let reason = chassis::code::reason(&status).unwrap_or_default();
                    assert_eq!(
                        (state, reason.as_str()),
                        (ConnectionState::Reconnect, "RECONNECT"),
                        "{status}"
                    );
                    fates.reconnect += 1;
                }
            }
        }
    }

    fn met(&mut self, stage: &'static str) {
        *self.stages.entry(stage).or_default() += 1;
    }

    /// Measures what will be interrupted.
    async fn rehearse(&mut self) -> Process {
        let mut process = self.start().await;
        let back = self.visit(&mut process).await;
        let before = Instant::now();
        process.consent.complete(back).await.expect("an outcome");
        self.callback = before.elapsed();
        let connection = self.connections(&mut process).await.remove(0);
        self.end_token().await;
        let before = Instant::now();
        let leased = process
            .credential
            .lease_token(lease_request(&connection))
            .await;
        leased.expect("a token");
        self.refresh = before.elapsed();
        process
    }

    async fn end_token(&self) {
        let end = "update grants set issued_at = issued_at - interval '31 days', expires_at = expires_at - interval '31 days'";
        sqlx::query(end).execute(&self.pool).await.expect("ended");
    }

    /// Kills while a consent ends.
    async fn kill_in_callback(&mut self, mut process: Process, fates: &mut Fates) -> Process {
        let back = self.visit(&mut process).await;
        let (posts, ended) = (
            self.posts("code"),
            "select count(*) from consents where outcome = 'connected'",
        );
        let before = self.scalar(ended).await;
        let mut client = process.consent.clone();
        let begun = Instant::now();
        let call = tokio::time::timeout(moment(self.callback), client.complete(back));
        let answered = call.await.is_ok();
        process.kill().await;
        if answered {
            self.callback = begun.elapsed();
        }
        let committed = self.scalar(ended).await > before;
        self.met(match (answered, self.posts("code") > posts, committed) {
            (true, ..) => "callback: answered",
            (_, _, true) => "callback: committed, no redirect",
            (_, true, false) => "callback: exchanged, not committed",
            (_, false, false) => "callback: before the exchange",
        });
        let mut process = self.start().await;
        self.judge(&mut process, fates).await;
        // Whatever was lost, pressing Connect again works.
        self.connect(&mut process).await;
        self.judge(&mut process, fates).await;
        process
    }

    /// Kills while a token is refreshed.
    async fn kill_in_refresh(&mut self, mut process: Process, fates: &mut Fates) -> Process {
        self.connect(&mut process).await;
        let connection = self.connections(&mut process).await.remove(0);
        self.end_token().await;
        let (posts, versions) = (
            self.posts("refresh"),
            "select sum(token_version)::bigint from grants",
        );
        let before = self.scalar(versions).await;
        let mut client = process.credential.clone();
        let begun = Instant::now();
        let call = client.lease_token(lease_request(&connection));
        let answered = tokio::time::timeout(moment(self.refresh), call)
            .await
            .is_ok();
        process.kill().await;
        if answered {
            self.refresh = begun.elapsed();
        }
        let committed = self.scalar(versions).await > before;
        let claimed = self
            .scalar("select count(*) from grants where refresh_started_at is not null")
            .await
            > 0;
        self.met(
            match (answered, self.posts("refresh") > posts, committed, claimed) {
                (true, ..) => "refresh: answered",
                (_, _, true, _) => "refresh: committed",
                (_, true, ..) => "refresh: token answered, not committed",
                (_, _, _, true) => "refresh: intent written, not asked",
                _ => "refresh: before the intent",
            },
        );
        let mut process = self.start().await;
        self.judge(&mut process, fates).await;
        process
    }

    /// How far a rotation to this key had come when it was killed.
    async fn meet_rotation(&mut self, to: &str) {
        let keys_used: BTreeSet<String> = sqlx::query_scalar(
            "select convert_from(substring(v from 2 for get_byte(v, 0)), 'UTF8')
             from (select verifier as v from consents union all select access_token from grants
                   union all select refresh_token from grants) s where v is not null",
        )
        .fetch_all(&self.pool)
        .await
        .expect("ids")
        .into_iter()
        .collect();
        let is_new = keys_used.iter().any(|id| to.starts_with(&format!("{id}:")));
        self.met(match (keys_used.len(), is_new) {
            (1, true) => "rotation: done",
            (1, false) => "rotation: before the first value",
            _ => "rotation: in the middle",
        });
    }

    /// Kills the rotation of keys while the service works.
    async fn kill_in_rotation(
        &mut self,
        keys: &[String; 2],
        round: usize,
        fates: &mut Fates,
    ) -> Process {
        let (from, to) = (&keys[round % 2], &keys[(round + 1) % 2]);
        let mut serving = self.variables.clone();
        serving.insert("AUTH_VAULT_KEYS".to_owned(), format!("{from},{to}"));
        let mut process = Process::start(&serving).await;
        self.connect(&mut process).await;
        for _ in 0..30 {
            self.visit(&mut process).await;
        }
        let last = self.visit(&mut process).await;
        let mut rotating = self.variables.clone();
        rotating.insert("AUTH_VAULT_KEYS".to_owned(), format!("{to},{from}"));
        let mut rotation = command(&rotating, &["keys", "rotate"])
            .spawn()
            .expect("started");
        let _ = tokio::time::timeout(moment(Duration::from_millis(400)), rotation.wait()).await;
        rotation.kill().await.expect("killed");
        self.meet_rotation(to).await;
        self.judge(&mut process, fates).await;
        let completed = process
            .consent
            .complete(last)
            .await
            .expect("an outcome")
            .into_inner();
        assert_eq!(
            completed.outcome(),
            ConsentOutcome::Connected,
            "its verifier opens"
        );
        let ended = command(&rotating, &["keys", "rotate"])
            .status()
            .await
            .expect("ran");
        assert!(ended.success(), "the rotation goes on where it stopped");
        self.judge(&mut process, fates).await;
        process.kill().await;
        // The other key alone is enough now.
        let mut serving = self.variables.clone();
        serving.insert("AUTH_VAULT_KEYS".to_owned(), to.clone());
        let mut process = Process::start(&serving).await;
        self.judge(&mut process, fates).await;
        self.variables
            .insert("AUTH_VAULT_KEYS".to_owned(), format!("{to},{from}"));
        process
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn killed_at_any_moment_every_connection_works_or_says_reconnect(pool: PgPool) {
    let mut scene = Scene::set(pool).await;
    let keys = ["k1", "k2"].map(|id| {
        let key = vault::generate_key(id).expect("a key");
        key.expose_secret().to_owned()
    });
    scene
        .variables
        .insert("AUTH_VAULT_KEYS".to_owned(), keys.join(","));
    let mut fates = Fates::default();
    let total = kills();
    let mut process = scene.rehearse().await;
    let mut rotations = 0;
    for round in 0..total {
        process = match round % 6 {
            0 | 2 | 4 => scene.kill_in_callback(process, &mut fates).await,
            1 | 3 => scene.kill_in_refresh(process, &mut fates).await,
            _ => {
                process.kill().await;
                rotations += 1;
                scene
                    .kill_in_rotation(&keys, rotations - 1, &mut fates)
                    .await
            }
        };
    }
    println!("{total} kills: {:#?} {fates:?}", scene.stages);
    assert_eq!(scene.stages.values().sum::<usize>(), total);
    let summary = scene.sim.state().ledger.summary();
    assert!(
        summary.max_presentations_of_a_refresh_token <= 2,
        "{summary:?}"
    );
}
