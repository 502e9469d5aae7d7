//! The right to work on a connection: held by one process at a time, told apart by its fence.

use proto::{ConnectionId, OrgId};

/// A claim on a connection. It ends by itself unless it is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    /// Whose connection it is.
    pub org: OrgId,
    /// Which one.
    pub connection: ConnectionId,
    /// Newer claims have higher fences; a write under an older one is refused.
    pub fence: i64,
}
