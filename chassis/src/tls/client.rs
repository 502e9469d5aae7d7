//! Calling other services: a channel that shows our certificate, checks the peer's against its address
//! and its name, and takes up changed certificates with its next connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::transport::{Channel, Endpoint};

use super::{Identity, TlsError, Transport, service_of};

/// Longest time for connecting, handshake included.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);

/// Another service, as we reach it.
#[derive(Debug, Clone, Copy)]
pub struct Peer<'a> {
    /// `http://host:port` or `https://host:port`.
    pub url: &'a str,
    /// The name that its certificate must hold, for example `auth-service`.
    pub service: &'static str,
}

/// A channel that connects when it is first used, and again whenever the connection has ended.
/// `shape` sets what else the endpoint should do.
pub fn channel(
    peer: Peer<'_>,
    transport: &Transport,
    shape: impl FnOnce(Endpoint) -> Endpoint,
) -> Result<Channel, TlsError> {
    let address = || TlsError::Address(peer.url.to_owned());
    let uri: Uri = peer.url.parse().map_err(|_| address())?;
    let identity = match (uri.scheme_str(), transport) {
        (Some("https"), Transport::Mutual(identity)) => Some(identity.clone()),
        (Some("https"), Transport::Plaintext) => {
            return Err(TlsError::NoIdentity(peer.url.to_owned()));
        }
        (Some("http"), _) => None,
        _ => return Err(address()),
    };
    let authority = uri.authority().ok_or_else(address)?;
    // tonic would refuse https without its own TLS; the connector below does it.
    let plain = format!("http://{authority}");
    let endpoint = Endpoint::from_shared(plain).map_err(|_| address())?;
    let port = authority.port_u16().unwrap_or(match identity {
        Some(_) => 443,
        None => 80,
    });
    let connector = Connector {
        identity,
        service: peer.service,
        port,
    };
    let endpoint = shape(endpoint.tcp_nodelay(true));
    Ok(endpoint.connect_with_connector_lazy(connector))
}

#[derive(Debug, Clone)]
struct Connector {
    identity: Option<Identity>,
    service: &'static str,
    port: u16,
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Connection>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let connecting = connector.connect(uri);
            let connected = tokio::time::timeout(CONNECT_LIMIT, connecting).await;
            let late = |_| io::Error::new(io::ErrorKind::TimedOut, "no connection in time");
            connected.map_err(late)?.map(TokioIo::new)
        })
    }
}

impl Connector {
    async fn connect(self, uri: Uri) -> io::Result<Connection> {
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tcp = TcpStream::connect((host.as_str(), self.port)).await?;
        tcp.set_nodelay(true)?;
        let Some(identity) = self.identity else {
            return Ok(Connection::Plain(tcp));
        };
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let tls = TlsConnector::from(identity.client())
            .connect(name, tcp)
            .await?;
        let (_, session) = tls.get_ref();
        let named = session
            .peer_certificates()
            .and_then(|chain| service_of(chain.first()?));
        if named.as_deref() != Some(self.service) {
            return Err(io::Error::other(format!(
                "the peer's certificate is not of {}",
                self.service
            )));
        }
        Ok(Connection::Tls(Box::new(tls)))
    }
}

#[derive(Debug)]
enum Connection {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Self::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            Self::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(tcp) => tcp.is_write_vectored(),
            Self::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
