//! Which service may call what.

use chassis::caller::AllowList;

/// Callers by the name in their certificate.
pub(crate) const CALLERS: AllowList =
    AllowList(&[("dashboard-api", &["/quolum.ingest.v1.SyncService/"])]);
