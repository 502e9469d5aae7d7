//! Settings from the environment: the only reader of variables. Every mistake is collected, so
//! that one start lists them all; a variable with our prefix that nobody asked for is a mistake
//! too, with the nearest known name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display},
    str::FromStr,
};

use secrecy::SecretString;

/// Exit code of a process with bad settings (`EX_USAGE`).
pub const EXIT_BAD_SETTINGS: u8 = 64;

/// Whether the standard OpenTelemetry variables name a collector; the exporter reads them itself.
pub fn otlp_configured() -> bool {
    [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ]
    .iter()
    .any(|name| std::env::vars_os().any(|(set, value)| set == *name && !value.is_empty()))
}

/// Where a setting's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The variable itself.
    Environment,
    /// The file named by the variable with `_FILE` behind it.
    File,
    /// Nothing was set.
    Default,
}

/// One effective setting, fit for printing: secrets are redacted.
#[derive(Debug, Clone)]
pub struct Effective {
    /// The variable's name.
    pub name: &'static str,
    /// The value, or `***`.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

impl Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = match self.origin {
            Origin::Environment => "environment",
            Origin::File => "file",
            Origin::Default => "default",
        };
        write!(f, "{}={} ({origin})", self.name, self.value)
    }
}

/// All mistakes of one start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub Vec<String>);

impl Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings have {} mistake(s):", self.0.len())?;
        self.0
            .iter()
            .try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

impl std::error::Error for ConfigError {}

/// Reads the settings of one service.
#[derive(Debug)]
pub struct Reader {
    prefix: &'static str,
    variables: BTreeMap<String, String>,
    known: BTreeSet<&'static str>,
    mistakes: Vec<String>,
    effective: Vec<Effective>,
}

impl Reader {
    /// From the process's environment; `prefix` is for example `AUTH_`.
    pub fn from_environment(prefix: &'static str) -> Self {
        let variables = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::new(prefix, variables.collect())
    }

    /// From given variables, for tests.
    pub fn new(prefix: &'static str, variables: BTreeMap<String, String>) -> Self {
        Self {
            prefix,
            variables,
            known: BTreeSet::new(),
            mistakes: Vec::new(),
            effective: Vec::new(),
        }
    }

    /// A setting without which the service cannot run.
    pub fn required<T>(&mut self, name: &'static str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let found = self.lookup(name, false);
        if found.is_none() {
            self.mistakes.push(format!("{name} is not set"));
        }
        self.parse(name, found?)
    }

    /// A setting that has a default.
    pub fn or_default<T>(&mut self, name: &'static str, default: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let found = self.lookup(name, false);
        if found.is_none() {
            self.show(name, default.to_owned(), Origin::Default);
        }
        self.parse(name, found.unwrap_or_else(|| default.to_owned()))
    }

    /// A secret without which the service cannot run; also read from the file in `NAME_FILE`.
    pub fn secret(&mut self, name: &'static str) -> Option<SecretString> {
        let found = self.optional_secret(name);
        if found.is_none()
            && !self
                .mistakes
                .iter()
                .any(|mistake| mistake.starts_with(name))
        {
            self.mistakes
                .push(format!("{name} is not set (nor {name}_FILE)"));
        }
        found
    }

    /// A secret that may be absent; also read from the file in `NAME_FILE`.
    pub fn optional_secret(&mut self, name: &'static str) -> Option<SecretString> {
        let file = self.variables.get(&format!("{name}_FILE")).cloned();
        let direct = self.lookup(name, true);
        match (direct, file) {
            (Some(_), Some(_)) => {
                self.mistakes
                    .push(format!("{name} and {name}_FILE are both set; keep one"));
                None
            }
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(text) => {
                    self.show(name, "***".to_owned(), Origin::File);
                    Some(text.trim_end_matches(['\n', '\r']).into())
                }
                Err(error) => {
                    self.mistakes
                        .push(format!("{name}_FILE: cannot read `{path}`: {error}"));
                    None
                }
            },
            (direct, None) => direct.map(SecretString::from),
        }
    }

    /// Adds a mistake that concerns several settings, or a value that parsed but cannot be right.
    pub fn reject(&mut self, mistake: String) {
        self.mistakes.push(mistake);
    }

    /// The settings, or every mistake. `build` answers `None` when a part is missing.
    pub fn finish<T>(
        mut self,
        build: impl FnOnce() -> Option<T>,
    ) -> Result<(T, Vec<Effective>), ConfigError> {
        self.reject_unknown();
        let built = build();
        match built {
            Some(settings) if self.mistakes.is_empty() => Ok((settings, self.effective)),
            _ => Err(ConfigError(self.mistakes)),
        }
    }

    fn lookup(&mut self, name: &'static str, secret: bool) -> Option<String> {
        self.known.insert(name);
        let value = self
            .variables
            .get(name)
            .filter(|value| !value.trim().is_empty())?
            .clone();
        let shown = if secret {
            "***".to_owned()
        } else {
            value.clone()
        };
        self.show(name, shown, Origin::Environment);
        Some(value)
    }

    fn show(&mut self, name: &'static str, value: String, origin: Origin) {
        self.effective.push(Effective {
            name,
            value,
            origin,
        });
    }

    fn parse<T>(&mut self, name: &'static str, text: String) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let parsed = text.trim().parse();
        parsed
            .map_err(|error| self.mistakes.push(format!("{name}: `{text}`: {error}")))
            .ok()
    }

    fn reject_unknown(&mut self) {
        let unknown = self.variables.keys().filter(|name| {
            let bare = name.strip_suffix("_FILE").unwrap_or(name);
            name.starts_with(self.prefix)
                && !self.known.contains(bare)
                && !self.known.contains(name.as_str())
        });
        let mistakes: Vec<_> = unknown
            .map(|name| match nearest(name, &self.known) {
                Some(near) => format!("{name} is not a setting; did you mean {near}?"),
                None => format!("{name} is not a setting"),
            })
            .collect();
        self.mistakes.extend(mistakes);
    }
}

/// The known name with the smallest edit distance, if that is small enough to be a slip.
fn nearest<'a>(name: &str, known: &BTreeSet<&'a str>) -> Option<&'a str> {
    const SLIP: usize = 6;
    let ranked = known
        .iter()
        .map(|candidate| (distance(name, candidate), *candidate));
    ranked
        .min()
        .filter(|(distance, _)| *distance <= SLIP)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein distance.
fn distance(left: &str, right: &str) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.bytes().enumerate() {
        let mut diagonal = i;
        let mut before = i + 1;
        for (cell, r) in row.iter_mut().skip(1).zip(right.bytes()) {
            let substituted = diagonal + usize::from(l != r);
            diagonal = *cell;
            before = substituted.min(before + 1).min(*cell + 1);
            *cell = before;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use secrecy::ExposeSecret;

    use super::*;

    fn reader(pairs: &[(&str, &str)]) -> Reader {
        let own = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Reader::new("AUTH_", own.collect())
    }

    #[test]
    fn every_mistake_is_listed_at_once() {
        let mut reader = reader(&[("AUTH_GRPC_ADDR", "nowhere"), ("AUTH_GRPC_ADR", "x")]);
        let addr = reader.required::<SocketAddr>("AUTH_GRPC_ADDR");
        let url = reader.secret("AUTH_DATABASE_URL");
        let ConfigError(mistakes) = reader
            .finish(|| Some((addr?, url?)))
            .map(drop)
            .expect_err("mistakes");
        assert_eq!(mistakes.len(), 3, "{mistakes:?}");
        assert!(
            mistakes
                .iter()
                .any(|m| m.starts_with("AUTH_GRPC_ADDR: `nowhere`"))
        );
        assert!(
            mistakes
                .iter()
                .any(|m| m == "AUTH_DATABASE_URL is not set (nor AUTH_DATABASE_URL_FILE)")
        );
        assert!(
            mistakes
                .iter()
                .any(|m| m.ends_with("did you mean AUTH_GRPC_ADDR?"))
        );
    }

    #[test]
    fn a_secret_comes_from_a_file_and_is_never_shown() {
        let path = std::env::temp_dir().join(format!("chassis-secret-{}", std::process::id()));
        std::fs::write(&path, "s3cret\n").expect("written");
        let mut reader = reader(&[("AUTH_DATABASE_URL_FILE", &path.to_string_lossy())]);
        let secret = reader.secret("AUTH_DATABASE_URL");
        let (secret, effective) = reader.finish(|| secret).expect("valid");
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(secret.expose_secret(), "s3cret");
        let shown: Vec<_> = effective.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["AUTH_DATABASE_URL=*** (file)"]);
    }

    #[test]
    fn a_default_is_used_and_named_as_such() {
        let mut reader = reader(&[]);
        let days = reader.or_default::<u32>("AUTH_DAYS", "365");
        let (days, effective) = reader.finish(|| days).expect("valid");
        assert_eq!(days, 365);
        assert_eq!(effective.first().map(|e| e.origin), Some(Origin::Default));
    }
}
