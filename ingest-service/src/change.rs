//! Tells whoever watches a connection in this process that something moved. Watchers also look by
//! themselves, because another process may be the one that works.

use proto::ConnectionId;
use tokio::sync::broadcast;

/// Announcements a slow watcher may miss; it looks at the database anyway.
const BACKLOG: usize = 64;

/// The announcements.
#[derive(Debug, Clone)]
pub struct Changes(broadcast::Sender<ConnectionId>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }
}

impl Changes {
    /// Something moved.
    pub fn announce(&self, connection: ConnectionId) {
        // Nobody watching is no error.
        let _watchers = self.0.send(connection);
    }

    /// From now on.
    pub fn watch(&self) -> broadcast::Receiver<ConnectionId> {
        self.0.subscribe()
    }
}
