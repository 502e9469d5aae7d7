//! What a simulator can be started with.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use jiff::civil::Date;

use crate::world::Size;

/// PagerDuty's documented limit: requests per minute for one app acting for one user.
pub const DEFAULT_RATE_LIMIT: u32 = 960;

/// The settings of one simulator. The default is a small world on a free port of the loopback interface.
#[derive(Clone, Debug)]
pub struct Options {
    /// How much the accounts hold.
    pub size: Size,
    /// The same seed, size and anchor give the same accounts.
    pub seed: u64,
    /// The day the history ends on; today (UTC) when absent.
    pub anchor: Option<Date>,
    /// Requests per minute for one app acting for one user; no limit when absent.
    pub rate_limit: Option<u32>,
    /// The redirect URIs both apps have registered.
    pub redirect_uris: Vec<String>,
    /// Where plain HTTP listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where HTTPS listens, if at all.
    pub tls_listen: Option<SocketAddr>,
    /// Where the certificate of the simulator's own authority is written; a temporary folder when absent.
    pub ca_pem_path: Option<PathBuf>,
    /// Under which address clients reach the plain listener, when it is not the address it is bound to.
    pub public_url: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            size: Size::Small,
            seed: 1,
            anchor: None,
            rate_limit: Some(DEFAULT_RATE_LIMIT),
            redirect_uris: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls_listen: None,
            ca_pem_path: None,
            public_url: None,
        }
    }
}
