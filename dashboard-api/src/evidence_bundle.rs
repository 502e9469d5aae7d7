//! A file that says what was found and why, and that anybody can check without us: every record
//! carries a SHA-256 of itself, and the document one of everything in it.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::catalogue::RULES;

/// The form of the file.
const FORMAT: &str = "quolum evidence 1";
const HASH: &str = "sha256";
const RECORDS: &str = "evidence";

/// What a file that holds says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub records: usize,
    pub rules: i64,
    pub sha256: String,
}

/// Why a file is not what we gave out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    #[error("it is not an evidence file")]
    Unreadable,
    #[error("record {0} was changed")]
    Record(usize),
    #[error("something was added, removed, moved or changed")]
    Whole,
}

/// The document of some records; `head` says what it is about.
pub fn seal(head: Map<String, Value>, records: Vec<Value>) -> Value {
    let mut document = head;
    document.insert("format".to_owned(), FORMAT.into());
    document.insert("rules".to_owned(), RULES.into());
    let records = records.into_iter().map(with_hash).collect();
    document.insert(RECORDS.to_owned(), Value::Array(records));
    with_hash(Value::Object(document))
}

/// Reads a file and checks every hash in it.
pub fn verify(text: &[u8]) -> Result<Verified, Forged> {
    let document: Value = serde_json::from_slice(text).map_err(|_| Forged::Unreadable)?;
    let records = document.get(RECORDS).and_then(Value::as_array);
    let records = records.ok_or(Forged::Unreadable)?;
    if document.get("format") != Some(&json!(FORMAT)) {
        return Err(Forged::Unreadable);
    }
    if let Some(place) = records.iter().position(|record| held(record).is_none()) {
        return Err(Forged::Record(place));
    }
    Ok(Verified {
        records: records.len(),
        rules: document
            .get("rules")
            .and_then(Value::as_i64)
            .unwrap_or_default(),
        sha256: held(&document).ok_or(Forged::Whole)?,
    })
}

fn with_hash(value: Value) -> Value {
    let hash = hash(&value);
    match value {
        Value::Object(mut fields) => {
            fields.insert(HASH.to_owned(), hash.into());
            Value::Object(fields)
        }
        plain => json!({"value": plain, HASH: hash}),
    }
}

/// The hash of a value that carries the right one.
fn held(value: &Value) -> Option<String> {
    let mut fields = value.as_object()?.clone();
    let claimed = fields.remove(HASH)?;
    let found = hash(&Value::Object(fields));
    (claimed.as_str() == Some(&found)).then_some(found)
}

/// Of the JSON without spaces and with sorted names.
fn hash(value: &Value) -> String {
    hex::encode(Sha256::digest(sorted(value).to_string()))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.iter().collect();
            names.sort_by_key(|(name, _)| *name);
            let names = names.into_iter();
            Value::Object(
                names
                    .map(|(name, value)| (name.clone(), sorted(value)))
                    .collect(),
            )
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        plain => plain.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> Value {
        let mut head = Map::new();
        head.insert(
            "recommendation".to_owned(),
            json!({"kind": "reclaim", "user_id": "PU1"}),
        );
        seal(
            head,
            vec![json!({"id": "R1", "b": 1, "a": 2}), json!({"id": "R2"})],
        )
    }

    fn check(document: &Value) -> Result<usize, Forged> {
        verify(document.to_string().as_bytes()).map(|verified| verified.records)
    }

    #[test]
    fn a_file_that_nobody_touched_holds_however_it_is_laid_out() {
        assert_eq!(check(&document()), Ok(2));
        let pretty = serde_json::to_vec_pretty(&document()).expect("serializes");
        let verified = verify(&pretty).expect("holds");
        assert_eq!(verified.rules, i64::from(RULES));
    }

    #[test]
    fn every_change_is_found() {
        let changed = |change: fn(&mut Value)| {
            let mut document = document();
            change(&mut document);
            check(&document)
        };
        assert_eq!(
            changed(|d| d["evidence"][1]["id"] = json!("R3")),
            Err(Forged::Record(1))
        );
        assert_eq!(
            changed(|d| d["evidence"][1] = with_hash(json!({"id": "R3"}))),
            Err(Forged::Whole)
        );
        assert_eq!(
            changed(|d| {
                let records = d["evidence"].as_array_mut().expect("a list");
                records.swap(0, 1);
            }),
            Err(Forged::Whole)
        );
        assert_eq!(
            changed(|d| d["recommendation"]["kind"] = json!("review")),
            Err(Forged::Whole)
        );
        assert_eq!(changed(|d| d["rules"] = json!(1)), Err(Forged::Whole));
        assert_eq!(verify(b"{}"), Err(Forged::Unreadable));
        assert_eq!(verify(b"not JSON"), Err(Forged::Unreadable));
    }
}
