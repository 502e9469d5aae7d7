//! A private PostgreSQL, and the few statements the tool sends to it with psql.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;

use crate::account::Account;
use crate::certificates::{Certificates, text};
use crate::console::Pulse;
use crate::instance::Instance;
use crate::ports::Ports;
use crate::supervised::{Spec, Supervised};
use crate::tools::Found;
use crate::{compile, environment, tools};

const SUPERUSER: &str = "postgres";
/// Tests make roles of their own and connect as them; only the superuser keeps a password.
const THROWAWAY_ACCESS: &str =
    "host all postgres 127.0.0.1/32 password\nhost all all 127.0.0.1/32 trust\n";
const READY: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Postgres {
    /// Of a superuser, to the maintenance database.
    pub(crate) url: String,
    /// None when the person brought a server along.
    pub(crate) server: Option<Supervised>,
    psql: PathBuf,
}

/// Which server to start. One that is not durable trades safety for speed and is for tests only.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Server<'a> {
    pub(crate) found: &'a Found,
    pub(crate) durable: bool,
    /// Refuse everything that is not encrypted.
    pub(crate) certificates: Option<&'a Certificates>,
}

impl Postgres {
    /// Uses a server that runs already.
    pub(crate) fn given(url: &str) -> Result<Self> {
        let folder = tools::psql().context("psql is missing")?;
        Ok(Self {
            url: url.to_owned(),
            server: None,
            psql: folder.join("psql"),
        })
    }

    /// Starts a private server.
    pub(crate) fn start(
        instance: &Instance,
        ports: &mut Ports,
        server: Server<'_>,
        pulse: &mut Pulse,
    ) -> Result<Self> {
        let Server { found, durable, .. } = server;
        let account = Account::for_server("postgres")?;
        let password = instance.remembered("password", random_password)?;
        let data = data_folder(instance);
        check_version(&data, found)?;
        if !data.join("PG_VERSION").is_file() {
            initialize(instance, found, account.as_ref(), &password, pulse)?;
        }
        if !durable {
            fs::write(data.join("pg_hba.conf"), THROWAWAY_ACCESS)?;
        }
        let port = ports.take("postgres", None)?;
        let mut spec = Spec::new("postgres", found.folder.join("postgres"))
            .args(["-D".to_owned(), data.to_string_lossy().into_owned()])
            .args(settings(port, server))
            .env("LC_ALL", "C.UTF-8");
        spec.account = account;
        spec.interrupt = true;
        let mut process = Supervised::start(instance, spec)?;
        let this = Self {
            url: format!(
                "postgres://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres{}",
                verification(server.certificates)
            ),
            server: None,
            psql: found.folder.join("psql"),
        };
        process.wait_ready(READY, pulse, |_| this.query(&this.url, "select 1").is_ok())?;
        Ok(Self {
            server: Some(process),
            ..this
        })
    }

    /// Makes a plain role: no superuser, and row-level security holds for it.
    pub(crate) fn role(&self, role: &str) -> Result<()> {
        let literal = user_and_password(&self.url).1.replace('\'', "''");
        let statement = format!(
            "do $$ begin \
               if not exists (select from pg_roles where rolname = '{role}') then \
                 create role {role} login nosuperuser nobypassrls nocreatedb nocreaterole; \
               end if; \
             end $$; \
             alter role {role} password '{literal}';"
        );
        self.query(&self.url, &statement).map(|_| ())
    }

    /// Makes a database owned by a plain role of the given name, and answers that role's URL.
    pub(crate) fn database(&self, role: &str, database: &str) -> Result<String> {
        self.role(role)?;
        let exists = self.query(
            &self.url,
            &format!("select 1 from pg_database where datname = '{database}'"),
        )?;
        if exists.trim().is_empty() {
            self.query(
                &self.url,
                &format!("create database {database} owner {role}"),
            )?;
        }
        let password = user_and_password(&self.url).1;
        Ok(for_role(&self.url, role, &password, database))
    }

    pub(crate) fn drop_database(&self, database: &str) -> Result<()> {
        let statement = format!("drop database if exists {database} with (force)");
        self.query(&self.url, &statement).map(|_| ())
    }

    /// Runs a file in one transaction.
    pub(crate) fn apply(&self, url: &str, file: &Path) -> Result<()> {
        let sql =
            fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        self.query(url, &sql)
            .with_context(|| format!("cannot apply {}", file.display()))
            .map(|_| ())
    }

    /// Sends statements over psql's standard input, so that no secret is seen in the process list.
    pub(crate) fn query(&self, url: &str, sql: &str) -> Result<String> {
        let (address, password) = without_password(url);
        let mut child = Command::new(&self.psql)
            .args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(address)
            .env("PGPASSWORD", password)
            .env("PGCONNECT_TIMEOUT", "10")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run psql")?;
        if let Some(mut input) = child.stdin.take() {
            // A refused connection closes the pipe early; psql's own message is the better one.
            let _ = input.write_all(sql.as_bytes());
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn data_folder(instance: &Instance) -> PathBuf {
    instance.data.join("postgres")
}

/// How a client makes sure whom it talks to.
fn verification(certificates: Option<&Certificates>) -> String {
    certificates.map_or_else(String::new, |made| {
        format!("?sslmode=verify-full&sslrootcert={}", text(&made.ca()))
    })
}

fn settings(port: u16, server: Server<'_>) -> Vec<String> {
    let mut settings = vec![
        format!("port={port}"),
        "listen_addresses=127.0.0.1".to_owned(),
        // The path of a socket may be longer than the kernel allows.
        "unix_socket_directories=".to_owned(),
        "max_connections=300".to_owned(),
    ];
    if let Some(leaf) = server.certificates.map(|made| made.of("postgres")) {
        settings.extend([
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", text(&leaf.cert)),
            format!("ssl_key_file={}", text(&leaf.key)),
        ]);
    }
    if !server.durable {
        settings.extend(
            [
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
            ]
            .map(str::to_owned),
        );
    }
    settings
        .into_iter()
        .flat_map(|setting| ["-c".to_owned(), setting])
        .collect()
}

fn initialize(
    instance: &Instance,
    found: &Found,
    account: Option<&Account>,
    password: &str,
    pulse: &mut Pulse,
) -> Result<()> {
    let data = data_folder(instance);
    let _ = fs::remove_dir_all(&data);
    fs::create_dir_all(&data)?;
    let password_file = instance.data.join("initial-password");
    let mut file = private_file(&password_file)?;
    file.write_all(password.as_bytes())?;
    let mut words: Vec<String> = Vec::new();
    if let Some(account) = account {
        account.own(&data)?;
        account.own(&password_file)?;
        words.extend(account.switch());
    }
    words.push(found.folder.join("initdb").to_string_lossy().into_owned());
    words.extend(
        [
            "--auth=password",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        .map(str::to_owned),
    );
    words.push(format!("--username={SUPERUSER}"));
    words.push(format!("--pwfile={}", password_file.display()));
    words.push(format!("--pgdata={}", data.display()));
    let (program, arguments) = words.split_first().context("no initdb")?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&instance.data);
    let outcome = compile::logged(command, &instance.log("initdb"), pulse, READY);
    let _ = fs::remove_file(&password_file);
    outcome
}

fn private_file(path: &Path) -> Result<fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let _ = fs::remove_file(path);
    fs::File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

fn check_version(data: &Path, found: &Found) -> Result<()> {
    let Ok(text) = fs::read_to_string(data.join("PG_VERSION")) else {
        return Ok(());
    };
    if text.trim() != found.version.0.to_string() {
        bail!(
            "the data in {} was written by PostgreSQL {}, this is {}; `cargo dev reset` starts afresh",
            data.display(),
            text.trim(),
            found.version
        );
    }
    Ok(())
}

/// A password without a character that a URL or psql would read otherwise.
fn random_password() -> Result<String> {
    let bytes = random_bytes::<15>()?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N]> {
    use std::io::Read as _;
    let mut bytes = [0; N];
    fs::File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    Ok(bytes)
}

/// `postgres://user:password@host/db` without its password, and the password.
fn without_password(url: &str) -> (String, String) {
    let (user, password) = user_and_password(url);
    let address = url.replacen(&format!("{user}:{password}@"), &format!("{user}@"), 1);
    let fallback = environment::var("PGPASSWORD").unwrap_or_default();
    if password.is_empty() {
        (url.to_owned(), fallback)
    } else {
        (address, password)
    }
}

fn user_and_password(url: &str) -> (String, String) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let Some((login, _)) = authority.rsplit_once('@') else {
        return (String::new(), String::new());
    };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    (user.to_owned(), password.to_owned())
}

/// The same server for another role and database; parameters such as `sslmode` stay.
fn for_role(url: &str, role: &str, password: &str, database: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
    let (before, query) = rest
        .split_once('?')
        .map_or((rest, None), |(b, q)| (b, Some(q)));
    let authority = before.split('/').next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let login = if password.is_empty() {
        role.to_owned()
    } else {
        format!("{role}:{password}")
    };
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{scheme}://{login}@{host}/{database}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_gets_its_own_url_on_the_same_server() {
        let url = "postgres://postgres:s3cret@127.0.0.1:5432/postgres?sslmode=disable";
        assert_eq!(
            for_role(url, "auth", "s3cret", "auth"),
            "postgres://auth:s3cret@127.0.0.1:5432/auth?sslmode=disable"
        );
        assert_eq!(
            for_role("postgres://localhost", "auth", "", "prepare_auth"),
            "postgres://auth@localhost/prepare_auth"
        );
    }

    #[test]
    fn the_password_stays_out_of_the_address_given_to_psql() {
        let url = "postgres://postgres:s3cret@127.0.0.1:5432/postgres";
        assert_eq!(
            without_password(url),
            (
                "postgres://postgres@127.0.0.1:5432/postgres".to_owned(),
                "s3cret".to_owned()
            )
        );
    }
}
