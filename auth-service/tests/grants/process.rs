//! auth-service as a process that can be killed, and a wire to PostgreSQL that takes its time.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use proto::auth::v1::{
    connection_service_client::ConnectionServiceClient,
    consent_service_client::ConsentServiceClient,
    credential_service_client::CredentialServiceClient,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    process::{Child, Command},
    task::JoinSet,
};
use tonic::transport::Channel;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running service; dropping it kills it.
pub(crate) struct Process {
    child: Child,
    pub(crate) consent: ConsentServiceClient<Channel>,
    pub(crate) connection: ConnectionServiceClient<Channel>,
    pub(crate) credential: CredentialServiceClient<Channel>,
}

pub(crate) fn command(variables: &BTreeMap<String, String>, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auth-service"));
    command
        .args(arguments)
        .env_clear()
        .envs(variables)
        .env("RUST_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

impl Process {
    pub(crate) async fn start(variables: &BTreeMap<String, String>) -> Self {
        let mut child = command(variables, &["serve"]).spawn().expect("started");
        let errors = child.stderr.take().expect("piped");
        let listens = tokio::time::timeout(START_LIMIT, address(errors));
        let addr = listens.await.expect("it listens in time");
        let channel = Channel::from_shared(format!("http://{addr}"))
            .expect("an address")
            .connect()
            .await
            .expect("a channel");
        Self {
            child,
            consent: ConsentServiceClient::new(channel.clone()),
            connection: ConnectionServiceClient::new(channel.clone()),
            credential: CredentialServiceClient::new(channel),
        }
    }

    /// SIGKILL, and wait until it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }
}

/// Reads the log until it says where the service listens; what follows is read and forgotten, so
/// that the pipe never fills.
async fn address(errors: tokio::process::ChildStderr) -> String {
    let mut lines = BufReader::new(errors).lines();
    let mut seen = Vec::new();
    while let Some(line) = lines.next_line().await.expect("readable") {
        let event: Value = serde_json::from_str(&line).unwrap_or_default();
        if event["message"] == "auth-service listens" {
            let addr = event["grpc"].as_str().expect("an address").to_owned();
            drain(lines);
            return addr;
        }
        seen.push(line);
    }
    panic!("it did not start: {seen:#?}");
}

#[allow(clippy::disallowed_methods, reason = "there is no lifecycle in a test")]
fn drain(mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStderr>>) {
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
}

/// Forwards connections to PostgreSQL and holds every packet back for a while in each direction: what
/// takes microseconds becomes long enough to be hit by chance.
pub(crate) struct Wire {
    pub(crate) port: u16,
    _tasks: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn to(host: &str, port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own = listener.local_addr().expect("an address").port();
        let target = (host.to_owned(), port);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(target.clone()).await else {
                    continue;
                };
                let _ = (near.set_nodelay(true), far.set_nodelay(true));
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                open.spawn(forward(near_read, far_write, delay));
                open.spawn(forward(far_read, near_write, delay));
            }
        });
        Self {
            port: own,
            _tasks: tasks,
        }
    }
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let mut packet = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut packet).await {
        tokio::time::sleep(delay).await;
        if to.write_all(&packet[..length]).await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
