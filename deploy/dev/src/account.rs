//! Whom PostgreSQL and RabbitMQ run as: both refuse root, so root lends them a system account.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Made when the machine has none of the packages' own accounts.
const OWN_ACCOUNT: &str = "quolum-dev";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    name: String,
    uid: u32,
    gid: u32,
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Account {
    /// The account for a server: nobody else than ourselves unless we are root.
    pub(crate) fn for_server(preferred: &str) -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        let passwd = || std::fs::read_to_string("/etc/passwd").unwrap_or_default();
        if let Some(account) = find(&passwd(), preferred).or_else(|| find(&passwd(), OWN_ACCOUNT)) {
            return Ok(Some(account));
        }
        let status = Command::new("useradd")
            .args(["--system", "--no-create-home", "--shell", "/bin/false"])
            .arg(OWN_ACCOUNT)
            .status()
            .context("cannot run useradd")?;
        match find(&passwd(), OWN_ACCOUNT) {
            Some(account) if status.success() => Ok(Some(account)),
            _ => bail!("cannot make the system account {OWN_ACCOUNT}"),
        }
    }

    /// The command prefix that runs the rest as this account.
    pub(crate) fn switch(&self) -> Vec<String> {
        vec![
            "setpriv".to_owned(),
            format!("--reuid={}", self.uid),
            format!("--regid={}", self.gid),
            "--clear-groups".to_owned(),
            "--".to_owned(),
        ]
    }

    pub(crate) fn own(&self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
            .with_context(|| format!("cannot give {} to {}", path.display(), self.name))
    }
}

fn find(passwd: &str, name: &str) -> Option<Account> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next()?;
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        (found == name && uid != 0).then(|| Account {
            name: found.to_owned(),
            uid,
            gid,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_name_and_never_root() {
        let passwd =
            "root:x:0:0:root:/root:/bin/bash\npostgres:x:101:104:admin,,,:/var/lib:/bin/sh\n";
        assert_eq!(
            find(passwd, "postgres"),
            Some(Account {
                name: "postgres".to_owned(),
                uid: 101,
                gid: 104
            })
        );
        assert_eq!(find(passwd, "root"), None);
        assert_eq!(find(passwd, "post"), None);
    }
}
