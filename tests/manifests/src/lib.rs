//! Reads what is under `deploy/`, for the tests that compare it with the code it deploys.

#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail loudly; an absent value of JSON is null"
)]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// A file or folder below `deploy/`.
pub fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../deploy")
        .join(path)
}

/// The text of a file below `deploy/`.
///
/// # Panics
/// When it cannot be read.
pub fn text(path: &str) -> String {
    let file = deploy(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The documents of a YAML file below `deploy/`.
///
/// # Panics
/// When it is not YAML.
pub fn documents(path: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(&text(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of one kind.
pub fn of_kind(path: &str, kind: &str) -> Vec<Value> {
    let mut found = documents(path);
    found.retain(|document| document["kind"] == kind);
    found
}

/// The variables of an env file below `deploy/`.
pub fn variables(path: &str) -> BTreeMap<String, String> {
    let pairs = text(path);
    let pairs = pairs.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The only container of a Deployment or Job.
pub fn container(workload: &Value) -> &Value {
    &workload["spec"]["template"]["spec"]["containers"][0]
}

/// A list of a container by name: its ports, its variables.
pub fn named<'a>(container: &'a Value, list: &str, value: &str) -> BTreeMap<&'a str, &'a Value> {
    let items = container[list].as_array().into_iter().flatten();
    items
        .filter_map(|item| Some((item["name"].as_str()?, &item[value])))
        .collect()
}

/// The files of a folder below `deploy/` whose names end so.
///
/// # Panics
/// When the folder cannot be read.
pub fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(deploy(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect()
}
