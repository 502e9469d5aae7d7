//! A private certificate authority for `cargo dev up --tls`: one leaf for each service and server, made with openssl
//! (which the package ca-certificates brings along). Everything is made anew with each start.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::account::Account;
use crate::instance::Instance;
use crate::services::SERVICES;

const DAYS: &str = "30";
const CURVE: &str = "ec_paramgen_curve:P-256";

/// The authority and its leaves.
#[derive(Debug, Clone)]
pub(crate) struct Certificates {
    folder: PathBuf,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

impl Certificates {
    /// The servers may run as other accounts, so all this lies beside their data.
    pub(crate) fn make(instance: &Instance) -> Result<Self> {
        let folder = instance.data.join("tls");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755))?;
        let this = Self { folder };
        this.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            CURVE,
            "-nodes",
            "-days",
            DAYS,
            "-subj",
            "/CN=quolum development",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
            "-addext",
            "keyUsage=critical,keyCertSign",
        ])?;
        for service in SERVICES {
            let identity = format!("URI:spiffe://quolum/{service}");
            this.leaf(service, &identity)?;
        }
        for (server, account) in [("postgres", "postgres"), ("rabbitmq", "rabbitmq")] {
            this.leaf(server, "DNS:localhost")?;
            if let Some(account) = Account::for_server(account)? {
                account.own(&this.of(server).key)?;
            }
        }
        Ok(this)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn ca(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    pub(crate) fn of(&self, name: &str) -> Leaf {
        Leaf {
            cert: self.folder.join(format!("{name}.crt")),
            key: self.folder.join(format!("{name}.key")),
        }
    }

    fn leaf(&self, name: &str, identity: &str) -> Result<()> {
        let [key, request, cert, extensions] =
            ["key", "csr", "crt", "ext"].map(|ending| format!("{name}.{ending}"));
        let subject = format!("/CN={name}");
        self.openssl(&[
            "req", "-new", "-newkey", "ec", "-pkeyopt", CURVE, "-nodes", "-subj", &subject,
            "-keyout", &key, "-out", &request,
        ])?;
        let text = format!(
            "subjectAltName=IP:127.0.0.1,{identity}\nextendedKeyUsage=serverAuth,clientAuth\n"
        );
        fs::write(self.folder.join(&extensions), text)?;
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            DAYS,
            "-extfile",
            &extensions,
            "-out",
            &cert,
        ])?;
        let mode = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.folder.join(&key), mode).map_err(Into::into)
    }

    fn openssl(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .context("cannot run openssl: install the package openssl")?;
        if !output.status.success() {
            bail!(
                "openssl {}: {}",
                arguments.first().unwrap_or(&""),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }
}

/// A path as a setting.
pub(crate) fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
