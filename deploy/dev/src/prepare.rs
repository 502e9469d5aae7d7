//! `cargo dev prepare`: regenerates what is committed but generated.
//!
//! The query macros write one file per query into `SQLX_OFFLINE_DIR` while they are compiled against a database.
//! They write nothing when cargo sees no reason to compile, so the crate roots are touched first.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};

use crate::certificates::Certificates;
use crate::compile::{self, BUILD_LIMIT};
use crate::console::{Journal, Pulse};
use crate::instance::Instance;
use crate::page;
use crate::ports::Ports;
use crate::postgres::{Postgres, Server};
use crate::provision::{self, Needs, Programs};
use crate::services::SERVICES;
use crate::settings;

const CODEGEN_LIMIT: Duration = Duration::from_mins(5);
/// What `npm run codegen` writes, below the page's folder.
const CLIENT: &str = "src/api/schema.d.ts";
const OPENAPI: &str = "dashboard-api/openapi.json";

pub(crate) fn run(check: bool) -> Result<ExitCode> {
    let instance = Instance::open("prepare")?;
    crate::down::end_stale(&instance);
    let mut journal = Journal::default();
    let needs = Needs {
        postgres: true,
        node: true,
        ..Needs::default()
    };
    let programs = provision::ensure(&instance, &mut journal, needs)?;
    let postgres = journal.step("start PostgreSQL", |pulse| {
        scratch_postgres(&instance, &programs, None, pulse)
    })?;
    let generator = Generator {
        instance: &instance,
        postgres: &postgres,
        check,
        has_node: programs.node.is_some(),
    };
    let mut drifted = journal.step("offline query data", |pulse| generator.queries(pulse))?;
    journal.step("build the services", |pulse| {
        compile::services(&instance, pulse, false)
    })?;
    drifted.extend(settings::refresh(&instance.workspace.root, check)?);
    drifted.extend(journal.step("OpenAPI file", |_| generator.openapi())?);
    drifted.extend(journal.step("typed client", |pulse| generator.client(pulse))?);
    tell(&drifted, check);
    Ok(if check && !drifted.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn tell(drifted: &[String], check: bool) {
    if drifted.is_empty() {
        println!("\n  everything generated is up to date");
        return;
    }
    println!(
        "\n  {}",
        if check {
            "these files differ:"
        } else {
            "written:"
        }
    );
    for name in drifted {
        println!("      {name}");
    }
    if check {
        println!("  run `cargo dev prepare` and commit them");
    }
}

/// A server for throwaway databases.
pub(crate) fn scratch_postgres(
    instance: &Instance,
    programs: &Programs,
    certificates: Option<&Certificates>,
    pulse: &mut Pulse,
) -> Result<Postgres> {
    let found = programs
        .postgres
        .as_ref()
        .context("PostgreSQL is missing")?;
    let mut ports = Ports::load(instance.state.join("ports"), instance.number());
    let server = Server {
        found,
        durable: false,
        certificates,
    };
    Postgres::start(instance, &mut ports, server, pulse)
}

/// Writes or compares the generated files.
#[derive(Debug)]
pub(crate) struct Generator<'a> {
    pub(crate) instance: &'a Instance,
    pub(crate) postgres: &'a Postgres,
    /// Change nothing, only name what differs.
    pub(crate) check: bool,
    pub(crate) has_node: bool,
}

/// A service with queries, and the database its queries are compiled against.
#[derive(Debug)]
struct Subject {
    service: &'static str,
    variable: String,
    url: String,
}

impl Generator<'_> {
    /// Everything, with the services built already; fails naming the files that differ.
    pub(crate) fn verify(&self, pulse: &mut Pulse) -> Result<()> {
        let mut drifted = self.queries(pulse)?;
        drifted.extend(settings::refresh(&self.instance.workspace.root, true)?);
        drifted.extend(self.openapi()?);
        drifted.extend(self.client(pulse)?);
        if !drifted.is_empty() {
            bail!(
                "generated files differ; run `cargo dev prepare` and commit:\n    {}",
                drifted.join("\n    ")
            );
        }
        Ok(())
    }

    /// First everything is brought up to date, then one service after the other is compiled again: so each one's
    /// files are known apart, and all runs share one set of compiled dependencies.
    fn queries(&self, pulse: &mut Pulse) -> Result<Vec<String>> {
        let root = &self.instance.workspace.root;
        let subjects = SERVICES
            .into_iter()
            .filter(|service| root.join(service).join("migrations").is_dir())
            .map(|service| self.subject(service))
            .collect::<Result<Vec<_>>>()?;
        self.compile(&subjects, None, pulse)?;
        let mut drifted = Vec::new();
        for subject in &subjects {
            let service = subject.service;
            let scratch = self.instance.state.join("queries").join(service);
            let _ = fs::remove_dir_all(&scratch);
            fs::create_dir_all(&scratch)?;
            let touched = touch(&root.join(service))?;
            let outcome = self.compile(&subjects, Some(&scratch), pulse);
            restore(&touched);
            outcome?;
            let kept = root.join(service).join(".sqlx");
            drifted.extend(compare(
                &scratch,
                &kept,
                &format!("{service}/.sqlx"),
                self.check,
            )?);
        }
        Ok(drifted)
    }

    /// A fresh database with the service's migrations.
    fn subject(&self, service: &'static str) -> Result<Subject> {
        let role = service.split('-').next().unwrap_or(service);
        let database = format!("prepare_{role}");
        self.postgres.drop_database(&database)?;
        let url = self.postgres.database(role, &database)?;
        let migrations = self
            .instance
            .workspace
            .root
            .join(service)
            .join("migrations");
        for migration in files(&migrations, ".sql")? {
            if !migration.to_string_lossy().ends_with(".down.sql") {
                self.postgres.apply(&url, &migration)?;
            }
        }
        Ok(Subject {
            service,
            variable: format!("{}_DATABASE_URL", role.to_uppercase()),
            url,
        })
    }

    fn compile(
        &self,
        subjects: &[Subject],
        scratch: Option<&Path>,
        pulse: &mut Pulse,
    ) -> Result<()> {
        let mut arguments = vec!["check", "--all-targets", "-p", "pagerduty-sim"];
        for service in SERVICES {
            arguments.extend(["-p", service]);
        }
        let mut command = compile::cargo(&self.instance.workspace, &arguments);
        command.env("SQLX_OFFLINE", "false");
        for subject in subjects {
            command.env(&subject.variable, &subject.url);
        }
        if let Some(scratch) = scratch {
            command.env("SQLX_OFFLINE_DIR", scratch);
        }
        compile::logged(command, &self.instance.log("queries"), pulse, BUILD_LIMIT)
    }

    /// Asks the debug build of dashboard-api.
    fn openapi(&self) -> Result<Vec<String>> {
        let workspace = &self.instance.workspace;
        let output = Command::new(workspace.binary("debug", "dashboard-api"))
            .arg("openapi")
            .output()
            .context("cannot run dashboard-api")?;
        if !output.status.success() {
            bail!(
                "dashboard-api openapi failed: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let path = workspace.root.join(OPENAPI);
        if fs::read(&path).is_ok_and(|old| old == output.stdout) {
            return Ok(Vec::new());
        }
        if !self.check {
            fs::write(&path, &output.stdout)?;
        }
        Ok(vec![OPENAPI.to_owned()])
    }

    /// The client's generator writes to a fixed place: a check puts back what was there.
    fn client(&self, pulse: &mut Pulse) -> Result<Vec<String>> {
        let web = self.instance.workspace.web();
        if !self.has_node || !page::has_script(&web, "codegen") {
            return Ok(Vec::new());
        }
        let path = web.join(CLIENT);
        let old = fs::read(&path).ok();
        let command = page::npm(&web, &["run", "codegen"]);
        let log = self.instance.log("codegen");
        let outcome = compile::logged(command, &log, pulse, CODEGEN_LIMIT);
        let drifted = old != fs::read(&path).ok();
        if let Some(old) = old.filter(|_| drifted && (self.check || outcome.is_err())) {
            fs::write(&path, old)?;
        }
        outcome?;
        let name = format!("dashboard-api/web/{CLIENT}");
        Ok(if drifted { vec![name] } else { Vec::new() })
    }
}

/// Makes the crate's roots young and answers how old they were.
fn touch(folder: &Path) -> Result<Vec<(PathBuf, SystemTime, SystemTime)>> {
    let mut roots = vec![folder.join("src/lib.rs"), folder.join("src/main.rs")];
    let tests = folder.join("tests");
    roots.extend(files(&tests, ".rs").unwrap_or_default());
    roots.push(tests.join("it/main.rs"));
    let mut touched = Vec::new();
    for root in roots.into_iter().filter(|root| root.is_file()) {
        let old = fs::metadata(&root)?.modified()?;
        let file = File::options().append(true).open(&root)?;
        file.set_modified(SystemTime::UNIX_EPOCH + epoch_age())?;
        let new = fs::metadata(&root)?.modified()?;
        touched.push((root, old, new));
    }
    Ok(touched)
}

fn epoch_age() -> Duration {
    let now = crate::environment::now();
    Duration::from_nanos(u64::try_from(now.as_nanosecond()).unwrap_or(0))
}

/// Gives the roots their age back, so that nothing else is compiled again; not to one that was edited meanwhile.
fn restore(touched: &[(PathBuf, SystemTime, SystemTime)]) {
    for (root, old, new) in touched {
        let is_ours = fs::metadata(root).and_then(|found| found.modified()).ok() == Some(*new);
        if is_ours && let Ok(file) = File::options().append(true).open(root) {
            let _ = file.set_modified(*old);
        }
    }
}

/// The names of files that differ between the two folders; `check` leaves them as they are.
fn compare(fresh: &Path, kept: &Path, name: &str, check: bool) -> Result<Vec<String>> {
    let read = |folder: &Path| -> Result<BTreeMap<String, Vec<u8>>> {
        files(folder, ".json")?
            .into_iter()
            .map(|file| {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                Ok((name.into_owned(), fs::read(&file)?))
            })
            .collect()
    };
    let (fresh, old) = (read(fresh)?, read(kept).unwrap_or_default());
    if !check {
        fs::create_dir_all(kept)?;
    }
    let mut drifted = Vec::new();
    for (file, content) in &fresh {
        if old.get(file) != Some(content) {
            drifted.push(format!("{name}/{file}"));
            if !check {
                fs::write(kept.join(file), content)?;
            }
        }
    }
    for file in old.keys().filter(|file| !fresh.contains_key(*file)) {
        drifted.push(format!("{name}/{file} (no such query any more)"));
        if !check {
            fs::remove_file(kept.join(file))?;
        }
    }
    Ok(drifted)
}

/// Files of a folder with the given ending, sorted by name.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file() && path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_new_and_gone_files_are_named_and_then_written() {
        let base = std::env::temp_dir().join(format!("prepare-{}", std::process::id()));
        let (fresh, kept) = (base.join("fresh"), base.join("kept"));
        fs::create_dir_all(&fresh).unwrap();
        fs::create_dir_all(&kept).unwrap();
        for (folder, file, text) in [
            (&fresh, "same.json", "1"),
            (&kept, "same.json", "1"),
            (&fresh, "changed.json", "2"),
            (&kept, "changed.json", "1"),
            (&fresh, "new.json", "3"),
            (&kept, "gone.json", "4"),
        ] {
            fs::write(folder.join(file), text).unwrap();
        }
        let expected = [
            "q/changed.json",
            "q/new.json",
            "q/gone.json (no such query any more)",
        ];
        assert_eq!(compare(&fresh, &kept, "q", true).unwrap(), expected);
        assert_eq!(compare(&fresh, &kept, "q", false).unwrap(), expected);
        assert!(compare(&fresh, &kept, "q", true).unwrap().is_empty());
        fs::remove_dir_all(&base).unwrap();
    }
}
