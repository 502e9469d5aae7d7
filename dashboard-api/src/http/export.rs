//! Lists as files: CSV with fixed columns, or one JSON object a line. The rows are the ones that
//! the JSON answer holds.

use http::{HeaderMap, HeaderValue, header};
use serde::Serialize;
use serde_json::Value;

use super::{asked::Format, problem::Problem};

/// What makes a spreadsheet take a text for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The `data` of a body as a file.
pub(super) fn rows_of<T: Serialize>(
    body: &T,
    columns: &[&str],
    format: Format,
) -> Result<Vec<u8>, Problem> {
    let mut body = serde_json::to_value(body).map_err(|error| Problem::internal(&error))?;
    let rows = match body.get_mut("data").map(Value::take) {
        Some(Value::Array(rows)) => rows,
        _ => Vec::new(),
    };
    let mut bytes = head(columns, format)?;
    for row in &rows {
        bytes.extend(line(row, columns, format)?);
    }
    Ok(bytes)
}

/// The first line of a CSV file; NDJSON has none.
pub(super) fn head(columns: &[&str], format: Format) -> Result<Vec<u8>, Problem> {
    if format == Format::Csv {
        return record(columns.iter().copied());
    }
    Ok(Vec::new())
}

/// One row.
pub(super) fn line(row: &Value, columns: &[&str], format: Format) -> Result<Vec<u8>, Problem> {
    if format == Format::Csv {
        return record(columns.iter().map(|column| cell(at(row, column))));
    }
    let mut bytes = serde_json::to_vec(row).map_err(|error| Problem::internal(&error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn record<I, T>(cells: I) -> Result<Vec<u8>, Problem>
where
    I: IntoIterator<Item = T>,
    T: AsRef<[u8]>,
{
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    let written = writer.write_record(cells);
    written.map_err(|error| Problem::internal(&error))?;
    writer
        .into_inner()
        .map_err(|error| Problem::internal(error.error()))
}

/// The value that a path like `license.id` leads to.
fn at<'a>(row: &'a Value, path: &str) -> &'a Value {
    let mut value = row;
    for name in path.split('.') {
        value = value.get(name).unwrap_or(&Value::Null);
    }
    value
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => defused(text),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(item).collect();
            defused(&items.join("; "))
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// One of several values in a cell.
fn item(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => match fields.get("name").or_else(|| fields.get("id")) {
            Some(Value::String(text)) => text.clone(),
            _ => value.to_string(),
        },
        _ => value.to_string(),
    }
}

/// A text that no spreadsheet computes.
fn defused(text: &str) -> String {
    if text.starts_with(FORMULA) {
        return format!("'{text}");
    }
    text.to_owned()
}

/// What kind of file it is, and its name.
pub(super) fn headers(format: Format, path: &str) -> HeaderMap {
    let (kind, ending) = match format {
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Json => ("application/json", "json"),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '-';
    let name: String = path
        .trim_start_matches("/api/v1/")
        .replace('/', "-")
        .chars()
        .filter(plain)
        .collect();
    let disposition = format!("attachment; filename=\"{name}.{ending}\"");
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_has_the_rows_of_the_answer() {
        let body = json!({"data": [
            {"id": "P1", "name": "=1+1", "license": {"id": "L"}, "teams": [{"id": "T", "name": "Core, \"A\""}], "n": -5},
            {"id": "P2", "name": null, "license": null, "teams": [], "n": 2.5},
        ]});
        let columns = ["id", "name", "license.id", "teams", "n"];
        let csv = rows_of(&body, &columns, Format::Csv).expect("written");
        assert_eq!(
            String::from_utf8(csv).expect("text"),
            "id,name,license.id,teams,n\r\nP1,'=1+1,L,\"Core, \"\"A\"\"\",-5\r\nP2,,,,2.5\r\n"
        );
        let lines = rows_of(&body, &columns, Format::Ndjson).expect("written");
        assert_eq!(lines.split(|byte| *byte == b'\n').count(), 3);
    }

    #[test]
    fn no_text_starts_like_a_formula() {
        for text in ["=A1", "+1", "-1", "@x", "\tx", "\rx"] {
            assert!(defused(text).starts_with('\''), "{text:?}");
        }
        assert_eq!(defused("a=b"), "a=b");
    }

    #[test]
    fn a_file_is_named_after_its_list() {
        let headers = headers(Format::Csv, "/api/v1/users/P1/evidence\"x");
        assert_eq!(
            headers["content-disposition"],
            "attachment; filename=\"users-P1-evidencex.csv\""
        );
    }
}
