//! One private set of servers and services: where its state, logs, process ids and data are.
//!
//! `up`, `test`, `bench` and `prepare` have an instance each and can run at the same time.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::{account, environment};

/// The checkout this tool was built from.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let manifest = environment::var("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").to_owned());
        let root = Path::new(&manifest)
            .ancestors()
            .nth(2)
            .context("the tool's folder has no workspace above it")?
            .to_path_buf();
        let tool = std::env::current_exe().context("cannot find this tool's own file")?;
        let target = match tool.ancestors().nth(2) {
            Some(folder) if tool.ends_with("debug/dev") || tool.ends_with("release/dev") => {
                folder.to_path_buf()
            }
            _ => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Everything this tool writes besides builds and the page.
    pub(crate) fn state(&self) -> PathBuf {
        self.target.join("dev")
    }

    /// Where data directories live: with the state, unless we are root. Then the servers run as somebody who
    /// may not be able to enter this checkout.
    pub(crate) fn data(&self) -> PathBuf {
        if account::is_root() {
            let hash = fingerprint(self.root.to_string_lossy().as_bytes());
            PathBuf::from(format!("/var/tmp/quolum-dev-{hash:08x}"))
        } else {
            self.state().join("data")
        }
    }

    /// Binary of a package built with the given profile folder (`debug`, `release`).
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// Tools that are fetched for the checks.
    pub(crate) fn tools(&self) -> PathBuf {
        self.state().join("tools")
    }

    pub(crate) fn web(&self) -> PathBuf {
        self.root.join("dashboard-api/web")
    }
}

#[derive(Debug)]
pub(crate) struct Instance {
    pub(crate) workspace: Workspace,
    pub(crate) name: &'static str,
    pub(crate) state: PathBuf,
    pub(crate) data: PathBuf,
    /// Held as long as the tool works on this instance.
    _lock: File,
}

impl Instance {
    pub(crate) fn open(name: &'static str) -> Result<Self> {
        let workspace = Workspace::find()?;
        let state = if name == "up" {
            workspace.state()
        } else {
            workspace.state().join(name)
        };
        let data = workspace.data().join(name);
        for folder in ["logs", "run"] {
            let path = state.join(folder);
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700))?;
        make_data(&workspace.data(), &data)?;
        let lock = lock(&state, name)?;
        Ok(Self {
            workspace,
            name,
            state,
            data,
            _lock: lock,
        })
    }

    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.state.join("logs").join(format!("{name}.log"))
    }

    pub(crate) fn pid_file(&self, name: &str) -> PathBuf {
        self.state.join("run").join(format!("{name}.pid"))
    }

    /// A number of this checkout and instance, for ports and node names.
    pub(crate) fn number(&self) -> u32 {
        let path = self.state.to_string_lossy();
        fingerprint(format!("{path}/{}", self.name).as_bytes())
    }

    /// A text kept for the next start, made by `fresh` the first time.
    pub(crate) fn remembered(
        &self,
        name: &str,
        fresh: impl FnOnce() -> Result<String>,
    ) -> Result<String> {
        let path = self.state.join(name);
        if let Ok(text) = fs::read_to_string(&path)
            && !text.trim().is_empty()
        {
            return Ok(text.trim().to_owned());
        }
        let text = fresh()?;
        fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        Ok(text)
    }
}

fn make_data(base: &Path, data: &Path) -> Result<()> {
    fs::create_dir_all(base).with_context(|| format!("cannot make {}", base.display()))?;
    let owner = fs::symlink_metadata(base)?;
    if !owner.is_dir() || owner.uid() != rustix::process::geteuid().as_raw() {
        bail!("{} belongs to somebody else", base.display());
    }
    fs::create_dir_all(data).with_context(|| format!("cannot make {}", data.display()))?;
    if account::is_root() {
        for path in [base, data] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
        }
    }
    Ok(())
}

fn lock(state: &Path, name: &str) -> Result<File> {
    let path = state.join("run/lock");
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0)?;
            fs::write(&path, std::process::id().to_string())?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => bail!(
            "`cargo dev {name}` already runs in this checkout; stop it with Ctrl-C there or with `cargo dev down`"
        ),
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the state folder"),
    }
}

/// FNV-1a: stable between builds, unlike the standard library's hasher.
fn fingerprint(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    })
}
