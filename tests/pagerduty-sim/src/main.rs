//! The simulator as a program: starts, prints one JSON line with its addresses, serves until a signal.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use jiff::civil::Date;
use pagerduty_sim::world::Size;
use pagerduty_sim::{Options, Simulator};
use tokio::signal::unix::{SignalKind, signal};

/// A faithful PagerDuty for tests and development.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How much the accounts hold.
    #[arg(long, value_enum, default_value_t = SizeName::Small)]
    size: SizeName,
    /// The same seed, size and anchor give the same accounts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where plain HTTP listens.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Where HTTPS listens.
    #[arg(long)]
    tls_listen: Option<SocketAddr>,
    /// Where to write the certificate of the authority of the HTTPS listener.
    #[arg(long)]
    ca_pem: Option<PathBuf>,
    /// Under which address clients reach the plain listener.
    #[arg(long)]
    public_url: Option<String>,
    /// The day the history ends on (default: today).
    #[arg(long)]
    anchor: Option<Date>,
    /// Requests per minute for one app acting for one user, or `off`.
    #[arg(long, default_value = "960", value_parser = parse_rate_limit)]
    rate_limit: RateLimit,
    /// A redirect URI both apps have registered; may be repeated.
    #[arg(long = "redirect-uri")]
    redirect_uris: Vec<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SizeName {
    Small,
    Demo,
    Large,
}

#[derive(Clone, Copy, Debug)]
struct RateLimit(Option<u32>);

fn parse_rate_limit(text: &str) -> Result<RateLimit, String> {
    match text {
        "off" => Ok(RateLimit(None)),
        number => number
            .parse()
            .map(|limit| RateLimit(Some(limit)))
            .map_err(|_| "a number, or off".to_owned()),
    }
}

impl From<Arguments> for Options {
    fn from(arguments: Arguments) -> Self {
        Self {
            size: match arguments.size {
                SizeName::Small => Size::Small,
                SizeName::Demo => Size::Demo,
                SizeName::Large => Size::Large,
            },
            seed: arguments.seed,
            anchor: arguments.anchor,
            rate_limit: arguments.rate_limit.0,
            redirect_uris: arguments.redirect_uris,
            listen: arguments.listen,
            tls_listen: arguments.tls_listen,
            ca_pem_path: arguments.ca_pem,
            public_url: arguments.public_url,
        }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let simulator = Simulator::start(Arguments::parse().into()).await?;
    let ready = serde_json::json!({
        "url": simulator.url(),
        "tls_url": simulator.tls_url(),
        "ca_pem_path": simulator.ca_pem_path(),
    });
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{ready}")?;
    stdout.flush()?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => {}
        ended = tokio::signal::ctrl_c() => ended?,
    }
    simulator.shutdown().await;
    Ok(())
}
