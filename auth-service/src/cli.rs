//! The command line: `serve` and what an operator needs around it.

use std::{io::Write, process::ExitCode};

use anyhow::Context;
use chassis::{
    Clock, Lifecycle,
    config::{ConfigError, EXIT_BAD_SETTINGS, Effective, otlp_configured},
    telemetry::Telemetry,
};
use clap::{Parser, Subcommand};
use secrecy::ExposeSecret;

use crate::{
    config::Config,
    identity::{self, NewOrganization},
    keys,
    service::{Service, open_store},
    vault,
};

/// Who may do what, and the vault.
#[derive(Debug, Parser)]
#[command(name = "auth-service", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve gRPC (the default).
    Serve,
    /// Bring the database schema up to date.
    Migrate,
    /// Print the effective settings, secrets redacted.
    CheckConfig,
    /// Print the version.
    Version,
    /// Ask the service that runs here whether it is ready.
    Health,
    /// Manage organizations.
    #[command(subcommand)]
    Org(Org),
    /// Print a one-time link that signs a person in; it works for 15 minutes.
    SignInLink {
        /// The person's address.
        #[arg(long)]
        email: String,
    },
    /// Manage vault keys.
    #[command(subcommand)]
    Keys(Keys),
}

#[derive(Debug, Subcommand)]
enum Org {
    /// Create an organization with its owner; the same again answers the same ids.
    Create {
        /// The organization's name.
        #[arg(long)]
        name: String,
        /// The owner's address.
        #[arg(long)]
        owner_email: String,
        /// The owner's name; the address when absent.
        #[arg(long)]
        owner_name: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum Keys {
    /// Print a new entry for AUTH_VAULT_KEYS. Put it first to seal with it, and keep the older ones.
    Generate {
        /// The key's id, by which rows name it.
        #[arg(long, default_value = "k1")]
        id: String,
    },
    /// Seal everything anew with the first key of AUTH_VAULT_KEYS. Runs beside the service and can be
    /// stopped and started again; let every replica have the new key first.
    Rotate,
    /// Print every key: whether it seals, whether it is there, what still needs it.
    List,
}

/// Runs the command; an operator sees what went wrong in one line.
pub async fn run(cli: Cli) -> ExitCode {
    match dispatch(cli).await {
        Ok(code) => code,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "auth-service: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command.unwrap_or(Command::Serve) {
        Command::Version => say(env!("CARGO_PKG_VERSION"))?,
        Command::Health => say(&chassis::health::check("AUTH_", "AUTH_ADMIN_ADDR")?)?,
        Command::Keys(Keys::Generate { id }) => say(vault::generate_key(&id)?.expose_secret())?,
        command => match Config::from_environment() {
            Ok((config, effective)) => return with_config(command, config, &effective).await,
            Err(mistakes) => return refuse(&mistakes),
        },
    }
    Ok(ExitCode::SUCCESS)
}

async fn with_config(
    command: Command,
    config: Config,
    effective: &[Effective],
) -> anyhow::Result<ExitCode> {
    match command {
        Command::Migrate => open_store(&config.database_url)
            .await?
            .migrate()
            .await
            .context("migrate")?,
        Command::CheckConfig => {
            let lines: Vec<_> = effective.iter().map(ToString::to_string).collect();
            say(&lines.join("\n"))?;
        }
        Command::Org(Org::Create {
            name,
            owner_email,
            owner_name,
        }) => {
            let owner_name = owner_name.unwrap_or_else(|| owner_email.clone());
            create_organization(
                &config,
                NewOrganization {
                    name,
                    owner_email,
                    owner_name,
                },
            )
            .await?;
        }
        Command::SignInLink { email } => {
            let store = open_store(&config.database_url).await?;
            let token = identity::create_link(&store, &email, Clock::System.now()).await?;
            say(&format!(
                "{}/sign-in?token={}",
                config.public_url(),
                token.expose_secret()
            ))?;
        }
        Command::Keys(Keys::Rotate) => rotate(&config).await?,
        Command::Keys(Keys::List) => list_keys(&config).await?,
        Command::Serve | Command::Version | Command::Health | Command::Keys(_) => {
            return serve(config).await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let telemetry = Telemetry::install("auth-service", otlp_configured())?;
    let lifecycle = Lifecycle::new();
    let service = Service::build(
        config,
        Clock::System,
        Some(telemetry.metrics()),
        lifecycle.clone(),
    )
    .await;
    let code = match service {
        Ok(service) => {
            service.spawn();
            lifecycle.run().await?
        }
        Err(error) => {
            tracing::error!("auth-service cannot start: {error:#}");
            ExitCode::FAILURE
        }
    };
    telemetry.shutdown();
    Ok(code)
}

async fn create_organization(config: &Config, new: NewOrganization) -> anyhow::Result<()> {
    let store = open_store(&config.database_url).await?;
    let member = identity::create_organization(&store, new, Clock::System.now()).await?;
    let ids = serde_json::json!({
        "org_id": member.org.to_string(),
        "person_id": member.person.to_string(),
    });
    say(&ids.to_string())
}

async fn rotate(config: &Config) -> anyhow::Result<()> {
    let store = open_store(&config.database_url).await?;
    let count = keys::rotate(&store, &config.vault, &Clock::System).await?;
    say(&format!(
        "{count} values sealed anew with `{}`; see `keys list` for keys that nothing needs any more",
        config.vault.active()
    ))
}

async fn list_keys(config: &Config) -> anyhow::Result<()> {
    let store = open_store(&config.database_url).await?;
    for key in keys::list(&store, &config.vault).await? {
        let line = serde_json::json!({
            "id": key.id,
            "active": key.is_active,
            "present": key.is_present,
            "values": key.values,
            "encryptions": key.encryptions,
        });
        say(&line.to_string())?;
    }
    Ok(())
}

fn refuse(mistakes: &ConfigError) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "auth-service: {mistakes}")?;
    Ok(ExitCode::from(EXIT_BAD_SETTINGS))
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
