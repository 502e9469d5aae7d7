//! Makes `deploy/settings.md`, the reference of all settings, from the services' own code: the comment that stands
//! over each setting says what it means, the call that reads it whether it is needed and what its default is.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// Services and the prefix of their variables.
const SERVICES: [(&str, &str); 3] = [
    ("auth-service", "AUTH_"),
    ("ingest-service", "INGEST_"),
    ("dashboard-api", "DASHBOARD_"),
];
/// Read by the chassis for every service, with the prefix in front.
const SHARED: [(&str, &str); 4] = [
    (
        "TLS_CERT",
        "File with this service's certificate chain (PEM); read again when it changes. With all three `…_TLS_…` set, calls between the services are mutual TLS.",
    ),
    ("TLS_KEY", "File with the certificate's private key (PEM)."),
    (
        "TLS_CA",
        "File with the certificate authority of the services (PEM).",
    ),
    (
        "ALLOW_PLAINTEXT",
        "`true`: unencrypted calls beyond the loopback interface are accepted. For development.",
    ),
];
const HEAD: &str = "# Settings\n\nEnvironment variables, made from the code by `cargo dev prepare`. A secret can also come from a file:\n\
`NAME_FILE` holds its path. An unknown variable with a service's prefix stops the start and names the nearest known\n\
one; `check-config` shows what is in effect. Traces are exported when `OTEL_EXPORTER_OTLP_ENDPOINT` is set; the other\n\
`OTEL_*` variables have their standard meaning.\n";

/// What is known of one setting.
#[derive(Debug, Default)]
struct Setting {
    meaning: String,
    is_secret: bool,
    default: Option<String>,
    is_required: bool,
}

/// The whole document.
pub(crate) fn reference(root: &Path) -> Result<String> {
    let mut document = HEAD.to_owned();
    for (service, prefix) in SERVICES {
        let mut settings = BTreeMap::new();
        for file in sources(&root.join(service).join("src"))? {
            let source = fs::read_to_string(&file)?;
            describe(&source, prefix, &mut settings);
            find_reads(&source, prefix, &mut settings);
        }
        for (name, meaning) in SHARED {
            let setting = settings.entry(format!("{prefix}{name}")).or_default();
            meaning.clone_into(&mut setting.meaning);
        }
        write!(
            document,
            "\n## {service}\n\n| variable | meaning | default |\n|---|---|---|\n"
        )?;
        for (name, setting) in &settings {
            ensure!(
                !setting.meaning.is_empty(),
                "{service}: {name} has no comment that describes it"
            );
            writeln!(
                document,
                "| `{name}`{} | {} | {} |",
                secret(setting),
                setting.meaning,
                default(setting)
            )?;
        }
    }
    Ok(document)
}

fn secret(setting: &Setting) -> &'static str {
    if setting.is_secret { " (secret)" } else { "" }
}

fn default(setting: &Setting) -> String {
    match &setting.default {
        _ if setting.is_required => "required".to_owned(),
        Some(value) if !value.is_empty() => format!("`{value}`"),
        _ => String::new(),
    }
}

/// `config.rs` and the files of the folder beside it.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![folder.join("config.rs")];
    if let Ok(entries) = fs::read_dir(folder.join("config")) {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.retain(|file| file.extension().is_some_and(|ending| ending == "rs"));
    files.sort();
    ensure!(
        files.iter().all(|file| file.is_file()),
        "no settings in {}",
        folder.display()
    );
    Ok(files)
}

/// Comments of the form "`NAME`: what it means", with the name first.
fn describe(source: &str, prefix: &str, settings: &mut BTreeMap<String, Setting>) {
    let mut comment = String::new();
    for line in source.lines() {
        if let Some(text) = line.trim_start().strip_prefix("///") {
            comment.push_str(text);
            continue;
        }
        let text = comment.trim();
        if text.starts_with(&format!("`{prefix}"))
            && let Some((names, meaning)) = text.split_once(':')
        {
            for name in names.split('`').filter(|name| name.starts_with(prefix)) {
                meaning
                    .trim()
                    .clone_into(&mut settings.entry(name.to_owned()).or_default().meaning);
            }
        }
        comment.clear();
    }
}

/// Calls of the chassis' reader.
fn find_reads(source: &str, prefix: &str, settings: &mut BTreeMap<String, Setting>) {
    for part in source.split("reader").skip(1) {
        let Some((call, rest)) = part
            .trim_start()
            .strip_prefix('.')
            .and_then(|part| part.split_once('('))
        else {
            continue;
        };
        let call = call.split("::").next().unwrap_or_default().trim();
        let mut arguments = rest
            .split(')')
            .next()
            .unwrap_or_default()
            .split(',')
            .map(str::trim);
        let Some(name) = arguments.next().map(|name| name.trim_matches('"')) else {
            continue;
        };
        if !name.starts_with(prefix)
            || !matches!(
                call,
                "required" | "secret" | "optional_secret" | "or_default"
            )
        {
            continue;
        }
        let setting = settings.entry(name.to_owned()).or_default();
        setting.is_required = matches!(call, "required" | "secret");
        setting.is_secret = call.ends_with("secret");
        setting.default = arguments.next().map(|value| literal(source, value));
    }
}

/// A literal as it stands, a constant by its definition in the same file.
fn literal(source: &str, value: &str) -> String {
    if value.starts_with('"') {
        return value.trim_matches('"').to_owned();
    }
    let definition = source.split_once(&format!("const {value}: &str ="));
    let quoted = definition.and_then(|(_, rest)| rest.split('"').nth(1));
    quoted.unwrap_or_default().to_owned()
}

/// Writes or compares the file; answers its name when it differed.
pub(crate) fn refresh(root: &Path, check: bool) -> Result<Option<String>> {
    let name = "deploy/settings.md";
    let made = reference(root)?;
    let file = root.join(name);
    if fs::read_to_string(&file).ok().as_deref() == Some(made.as_str()) {
        return Ok(None);
    }
    if !check {
        fs::write(&file, made).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(Some(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_described_by_its_comment_and_by_the_call_that_reads_it() {
        let source = r#"
            const PLACE: &str = "https://api.example";
            /// `X_URL` (secret): where the database
            /// is.
            url: SecretString,
            /// `X_PLACE`: where PagerDuty is.
            place: Url,
            let url = reader.secret("X_URL");
            let place = reader.or_default::<Url>("X_PLACE", PLACE);
        "#;
        let mut found = BTreeMap::new();
        describe(source, "X_", &mut found);
        find_reads(source, "X_", &mut found);
        assert_eq!(found["X_URL"].meaning, "where the database is.");
        assert!(found["X_URL"].is_secret && found["X_URL"].is_required);
        assert_eq!(
            found["X_PLACE"].default.as_deref(),
            Some("https://api.example")
        );
        assert!(!found["X_PLACE"].is_required);
    }
}
