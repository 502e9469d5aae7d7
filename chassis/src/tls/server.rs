//! Accepting connections of other services: the handshake beside the accepting, so that a slow caller
//! keeps nobody waiting, and the caller's name kept with the connection.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures::{Stream, stream};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tokio_util::sync::CancellationToken;
use tonic::transport::server::Connected;

use super::{Transport, service_of};
use crate::{Lifecycle, caller::Caller};

/// Longest handshake.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// Handshakes under way at a time; further callers wait in the system's queue.
const HANDSHAKES: usize = 256;
/// Wait after a failed accept: the process has run out of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// A connection of a caller who is known.
#[derive(Debug)]
pub struct Accepted {
    io: Io,
    caller: Caller,
}

#[derive(Debug)]
enum Io {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// The connections of a port, for `serve_with_incoming_shutdown`.
pub fn incoming(
    listener: TcpListener,
    transport: &Transport,
    lifecycle: &Lifecycle,
) -> impl Stream<Item = io::Result<Accepted>> + use<> {
    let (sender, mut accepted) = mpsc::channel(HANDSHAKES);
    let accepting = accept(listener, transport.clone(), sender, lifecycle.stopping());
    lifecycle.spawn("accepting", accepting);
    stream::poll_fn(move |cx| accepted.poll_recv(cx).map(|one| one.map(Ok)))
}

async fn accept(
    listener: TcpListener,
    transport: Transport,
    sender: mpsc::Sender<Accepted>,
    stopping: CancellationToken,
) -> Result<(), Infallible> {
    let mut handshakes = JoinSet::new();
    loop {
        tokio::select! {
            () = stopping.cancelled() => return Ok(()),
            Some(_) = handshakes.join_next() => {}
            arrived = listener.accept(), if handshakes.len() < HANDSHAKES => match arrived {
                Ok((tcp, _)) => {
                    handshakes.spawn(greet(tcp, transport.clone(), sender.clone()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
        }
    }
}

async fn greet(tcp: TcpStream, transport: Transport, sender: mpsc::Sender<Accepted>) {
    // Answers are small: waiting to fill a packet only delays them.
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let accepted = match transport {
        Transport::Plaintext => Accepted {
            io: Io::Plain(tcp),
            caller: Caller::Plaintext,
        },
        Transport::Mutual(identity) => {
            let handshake = TlsAcceptor::from(identity.server()).accept(tcp);
            match tokio::time::timeout(HANDSHAKE_LIMIT, handshake).await {
                Ok(Ok(tls)) => Accepted {
                    caller: caller(&tls),
                    io: Io::Tls(Box::new(tls)),
                },
                Ok(Err(error)) => {
                    tracing::warn!(%error, "a caller without a fit certificate is refused");
                    return;
                }
                Err(_) => return,
            }
        }
    };
    // The server has stopped: nobody will serve it.
    let _ = sender.send(accepted).await;
}

fn caller(tls: &TlsStream<TcpStream>) -> Caller {
    let (_, session) = tls.get_ref();
    let named = session
        .peer_certificates()
        .and_then(|chain| service_of(chain.first()?));
    named.map_or(Caller::Unnamed, |name| Caller::Service(name.into()))
}

impl Connected for Accepted {
    type ConnectInfo = Caller;

    fn connect_info(&self) -> Caller {
        self.caller.clone()
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Io::Tls(tls) => Pin::new(tls).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Io::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().io {
            Io::Plain(tcp) => Pin::new(tcp).poll_write_vectored(cx, parts),
            Io::Tls(tls) => Pin::new(tls).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(tcp) => tcp.is_write_vectored(),
            Io::Tls(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Io::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().io {
            Io::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Io::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}
