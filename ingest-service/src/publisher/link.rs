//! The one connection to the broker, made again whenever it breaks. Publishers wait for it.

use std::{convert::Infallible, sync::Arc, time::Duration};

use lapin::{
    Channel, Connection, ConnectionProperties, ErrorKind, options::ConfirmSelectOptions,
    tcp::OwnedTLSConfig,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Health, Settings};

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Between attempts to connect; doubled up to the longest.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// How soon a connection that broke without a message under way is noticed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// A channel with confirms.
pub(super) struct Link {
    /// Where messages go.
    pub(super) channel: Channel,
    connection: Connection,
    number: u64,
}

/// The present link, and the wish for a new one.
pub(super) struct Links {
    url: SecretString,
    tls: OwnedTLSConfig,
    health: Arc<watch::Sender<Health>>,
    current: watch::Sender<Option<Arc<Link>>>,
    /// The newest link that was given up.
    given_up: watch::Sender<u64>,
}

impl Links {
    pub(super) fn new(settings: Settings, health: Arc<watch::Sender<Health>>) -> Self {
        Self {
            url: settings.url,
            tls: OwnedTLSConfig {
                identity: None,
                cert_chain: settings.authority,
            },
            health,
            current: watch::Sender::new(None),
            given_up: watch::Sender::new(0),
        }
    }

    /// The link, once there is one.
    pub(super) async fn current(&self) -> Arc<Link> {
        let mut links = self.current.subscribe();
        loop {
            if let Some(link) = links.borrow_and_update().clone() {
                return link;
            }
            // The sender lives in `self`: this can only end with a change.
            let _changed = links.changed().await;
        }
    }

    /// Says that a link is broken; the next [`Links::current`] waits for another.
    pub(super) fn give_up(&self, link: &Link) {
        self.current.send_if_modified(|current| {
            let same = current
                .as_ref()
                .is_some_and(|present| present.number == link.number);
            if same {
                *current = None;
            }
            same
        });
        self.given_up.send_if_modified(|number| {
            let newer = link.number > *number;
            *number = link.number.max(*number);
            newer
        });
    }

    /// Connects, watches, and connects again, until the process stops.
    pub(super) async fn keep(
        self: Arc<Self>,
        stopping: CancellationToken,
    ) -> Result<(), Infallible> {
        let mut wait = FIRST_WAIT;
        let mut number = 0;
        while !stopping.is_cancelled() {
            number += 1;
            match self.connect(number).await {
                Ok(link) => {
                    wait = FIRST_WAIT;
                    let link = Arc::new(link);
                    // A publisher that saw its message come back must not be contradicted.
                    self.health.send_if_modified(|health| {
                        let connecting = *health == Health::Connecting;
                        if connecting {
                            *health = Health::Well;
                        }
                        connecting
                    });
                    self.current.send_replace(Some(Arc::clone(&link)));
                    self.watch(&link, &stopping).await;
                    self.current.send_replace(None);
                    close(&link).await;
                }
                Err(error) => {
                    self.health.send_replace(Health::Connecting);
                    tracing::warn!(%error, "the broker cannot be reached");
                }
            }
            tokio::select! {
                () = stopping.cancelled() => {}
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(LONGEST_WAIT),
            }
        }
        Ok(())
    }

    async fn connect(&self, number: u64) -> Result<Link, Box<dyn std::error::Error + Send + Sync>> {
        let properties =
            ConnectionProperties::default().with_connection_name("ingest-service".into());
        let connecting = async {
            let (url, tls) = (self.url.expose_secret(), self.tls.clone());
            let runtime = lapin::runtime::default_runtime()?;
            let connection = Connection::connect_with_config(url, properties, tls, runtime).await?;
            let channel = connection.create_channel().await?;
            channel
                .confirm_select(ConfirmSelectOptions::default())
                .await?;
            Ok::<_, lapin::Error>((connection, channel))
        };
        let (connection, channel) = tokio::time::timeout(CONNECT_DEADLINE, connecting).await??;
        Ok(Link {
            channel,
            connection,
            number,
        })
    }

    /// Returns when the link is of no use any more.
    async fn watch(&self, link: &Link, stopping: &CancellationToken) {
        let mut given_up = self.given_up.subscribe();
        let refused = async {
            let _number = given_up.wait_for(|number| *number >= link.number).await;
        };
        let broken = async {
            while link.channel.status().connected() && link.connection.status().connected() {
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        };
        tokio::select! {
            () = stopping.cancelled() => {}
            () = refused => {}
            () = broken => self.health.send_modify(|health| *health = Health::Connecting),
        }
    }
}

async fn close(link: &Link) {
    const OK: u16 = 200;
    let closing = link.connection.close(OK, "done".into());
    if let Ok(Err(error)) = tokio::time::timeout(LOOK_INTERVAL, closing).await {
        tracing::debug!(%error, "the broker connection was closed already");
    }
}

/// Whether the broker closed the channel because the exchange does not exist (yet).
pub(super) fn is_missing_exchange(error: &lapin::Error) -> bool {
    const NOT_FOUND: u16 = 404;
    matches!(error.kind(), ErrorKind::ProtocolError(error) if error.get_id() == NOT_FOUND)
}
