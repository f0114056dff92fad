//! An analysis as a table: one row for each number. The key has dots; lists stand as JSON.

use serde_json::Value;
use testigo_analysis::report::Analysis;

/// The whole table; `None` where memory ends.
#[must_use]
pub fn analysis(analysis: &Analysis) -> Option<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["block", "key", "value"]).ok()?;
    for (block, value) in analysis.to_json().as_object().into_iter().flatten() {
        flatten(&mut writer, block, block, value)?;
    }
    writer.into_inner().ok()
}

fn flatten(writer: &mut csv::Writer<Vec<u8>>, block: &str, key: &str, value: &Value) -> Option<()> {
    match value {
        Value::Object(fields) => {
            fields.iter().try_for_each(|(name, value)| flatten(writer, block, &format!("{key}.{name}"), value))
        }
        Value::String(text) => writer.write_record([block, key, text]).ok(),
        other => writer.write_record([block, key, &other.to_string()]).ok(),
    }
}
