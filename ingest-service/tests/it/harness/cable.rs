//! A stretch of TCP in front of the broker or the database that can be cut or go silent: a restart
//! and an alarm, as a client sees them.

use std::{net::SocketAddr, sync::Arc};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// What the cable does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Carries everything.
    Well,
    /// Carries nothing, and says nothing.
    Silent,
    /// Breaks every connection, and takes no new one.
    Cut,
}

/// The cable.
#[derive(Debug, Clone)]
pub(crate) struct Cable {
    pub(crate) addr: SocketAddr,
    mood: Arc<watch::Sender<Mood>>,
}

impl Cable {
    /// To this `host:port`.
    pub(crate) async fn lay(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("bound");
        let mood = Arc::new(watch::Sender::new(Mood::Well));
        let moods = Arc::clone(&mood);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let is_cut = *moods.borrow() == Mood::Cut;
                if is_cut {
                    continue;
                }
                let (target, moods) = (target.clone(), moods.subscribe());
                tokio::spawn(carry(near, target, moods));
            }
        });
        Self { addr, mood }
    }

    pub(crate) fn turn(&self, mood: Mood) {
        self.mood.send_replace(mood);
    }
}

async fn carry(near: TcpStream, target: String, mut moods: watch::Receiver<Mood>) {
    let Ok(far) = TcpStream::connect(target).await else {
        return;
    };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::select! {
        () = pump(near_read, far_write, moods.clone()) => {}
        () = pump(far_read, near_write, moods.clone()) => {}
        () = async { moods.wait_for(|mood| *mood == Mood::Cut).await.map(|_| ()).expect("the cable lives") } => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut moods: watch::Receiver<Mood>,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count) = from.read(&mut buffer).await else {
            return;
        };
        if count == 0 {
            return;
        }
        moods
            .wait_for(|mood| *mood != Mood::Silent)
            .await
            .map(|_| ())
            .expect("the cable lives");
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
