//! Installs Debian packages, and nothing but the packages: no system service is started and no system
//! database cluster is made on the way.

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::account;
use crate::compile;
use crate::console::Pulse;
use crate::instance::Instance;
use crate::tools;

/// Runs as root. A policy that forbids starting services exists only while the packages are set up, and only if
/// the machine has none; the same for the setting that keeps PostgreSQL from making its cluster `main`.
const SCRIPT: &str = r#"
set -e
policy=/usr/sbin/policy-rc.d
cluster=/etc/postgresql-common/createcluster.d/quolum-dev.conf
made_policy= made_cluster=
cleanup() {
    [ -z "$made_policy" ] || rm -f "$policy"
    [ -z "$made_cluster" ] || rm -f "$cluster"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
apt-get update || echo "some package lists could not be refreshed; going on with what is known"
if [ ! -e "$policy" ]; then
    made_policy=1
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod 755 "$policy"
fi
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    made_cluster=1
    mkdir -p "${cluster%/*}"
    echo 'create_main_cluster = false' > "$cluster"
fi
apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
"#;

/// How root is reached from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Privilege {
    Root,
    Sudo,
    None,
}

/// Installs the packages, or says in one message what a person has to do.
pub(crate) fn install(instance: &Instance, pulse: &mut Pulse, packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if tools::which("apt-get").is_none() {
        bail!("this machine has no apt-get; please install these by hand: {list}");
    }
    let mut command = match privilege() {
        Privilege::Root => Command::new("sh"),
        Privilege::Sudo => {
            let mut sudo = Command::new("sudo");
            sudo.args(["-n", "env", "DEBIAN_FRONTEND=noninteractive", "sh"]);
            sudo
        }
        Privilege::None => {
            bail!("please install these packages first: sudo apt-get install {list}")
        }
    };
    command
        .args(["-c", SCRIPT, "install"])
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive");
    pulse.tell(&format!("installing {list}"));
    compile::logged(
        command,
        &instance.log("install"),
        pulse,
        Duration::from_mins(30),
    )
    .with_context(|| format!("cannot install {list}"))
}

/// True when apt knows a version of the package that is new enough.
pub(crate) fn offers(package: &str, at_least: crate::version::Version) -> bool {
    let output = Command::new("apt-cache")
        .args(["policy", package])
        .stdin(Stdio::null())
        .output();
    let Ok(output) = output else {
        return false;
    };
    candidate(&String::from_utf8_lossy(&output.stdout)).is_some_and(|found| found >= at_least)
}

fn candidate(policy: &str) -> Option<crate::version::Version> {
    let line = policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate:"))?;
    // An epoch in front of the version is not part of it.
    let version = line.rsplit(':').next()?;
    crate::version::Version::parse(version)
}

fn privilege() -> Privilege {
    if account::is_root() {
        return Privilege::Root;
    }
    let sudo = Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match sudo {
        Ok(status) if status.success() => Privilege::Sudo,
        _ => Privilege::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::Version;

    #[test]
    fn the_candidate_version_is_read_without_its_epoch() {
        let policy =
            "nodejs:\n  Installed: (none)\n  Candidate: 1:20.19.2+dfsg-1\n  Version table:\n";
        assert_eq!(candidate(policy), Some(Version(20, 19, 2)));
        assert_eq!(candidate("nodejs:\n  Candidate: (none)\n"), None);
        assert_eq!(candidate(""), None);
    }
}
