//! Where the programs are that others make: PostgreSQL, RabbitMQ, Node.js, a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::environment;
use crate::version::Version;

pub(crate) const POSTGRES_AT_LEAST: Version = Version(14, 0, 0);
pub(crate) const RABBITMQ_AT_LEAST: Version = Version(3, 10, 0);
/// What the page's bundler asks for.
pub(crate) const NODE_AT_LEAST: Version = Version(20, 19, 0);

/// A program's folder and version.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) folder: PathBuf,
    pub(crate) version: Version,
}

/// The newest PostgreSQL server on this machine, whatever its version.
pub(crate) fn postgres() -> Option<Found> {
    let packaged = children("/usr/lib/postgresql")
        .into_iter()
        .map(|folder| folder.join("bin"));
    // A link in the search path may lead to one program of a folder whose others are needed, too.
    let linked = environment::search_path()
        .into_iter()
        .filter_map(|folder| fs::canonicalize(folder.join("initdb")).ok())
        .filter_map(|file| file.parent().map(Path::to_path_buf));
    let is_whole = |folder: &PathBuf| {
        let programs = ["initdb", "postgres", "psql"];
        programs.iter().all(|name| folder.join(name).is_file())
    };
    packaged
        .chain(linked)
        .filter(is_whole)
        .filter_map(|folder| {
            let version = version_of(&folder.join("postgres"), &["--version"])?;
            Some(Found { folder, version })
        })
        .max_by_key(|found| found.version)
}

/// Folder of the client `psql`, which is enough when the database runs elsewhere.
pub(crate) fn psql() -> Option<PathBuf> {
    let own = postgres().map(|found| found.folder);
    own.into_iter()
        .chain(environment::search_path())
        .find(|folder| folder.join("psql").is_file())
}

/// RabbitMQ's own scripts: the wrapper in the search path may accept only root and its own account.
pub(crate) fn rabbitmq() -> Option<Found> {
    let installed = children("/usr/lib/rabbitmq/lib")
        .into_iter()
        .map(|folder| folder.join("sbin"));
    let on_path = environment::search_path()
        .into_iter()
        .filter_map(|folder| fs::canonicalize(folder.join("rabbitmq-server")).ok())
        .filter_map(|file| file.parent().map(Path::to_path_buf));
    installed
        .chain(on_path)
        .filter(|folder| folder.join("rabbitmq-server").is_file())
        .filter_map(|folder| {
            let version = rabbitmq_version(&folder)?;
            Some(Found { folder, version })
        })
        .max_by_key(|found| found.version)
}

/// The folder `plugins` beside the scripts holds `rabbit-3.10.8`. Asking the program instead costs a second and
/// leaves a port mapper running.
fn rabbitmq_version(scripts: &Path) -> Option<Version> {
    let plugins = scripts.parent()?.join("plugins");
    children(plugins).into_iter().find_map(|plugin| {
        let name = plugin.file_name()?.to_string_lossy().into_owned();
        Version::parse(name.strip_prefix("rabbit-")?)
    })
}

pub(crate) fn node() -> Option<Version> {
    which("npm")?;
    version_of(&which("node")?, &["--version"])
}

pub(crate) fn browser() -> Option<PathBuf> {
    if let Some(path) = environment::var("SYSTEM_BROWSER") {
        return Some(PathBuf::from(path));
    }
    ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .find_map(|name| which(name))
}

/// Debian leaves a part of Python's standard library to a package of its own.
pub(crate) fn python_makes_environments() -> bool {
    let python = Command::new("python3")
        .args(["-c", "import ensurepip, venv"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    python.is_ok_and(|status| status.success())
}

pub(crate) fn which(name: &str) -> Option<PathBuf> {
    environment::search_path()
        .into_iter()
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

fn version_of(program: &Path, arguments: &[&str]) -> Option<Version> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    Version::parse(&String::from_utf8_lossy(&output.stdout))
}

fn children(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}
