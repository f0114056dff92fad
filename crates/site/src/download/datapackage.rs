//! What there is to take away, as a Frictionless data package: every table with its columns, its size and its hash.

use std::sync::Arc;

use serde_json::{Value, json};
use testigo_count::DocumentHash;

use super::{Table, is_number, official, readings, refusals, sheets, stations, units};
use crate::view::View;

/// The package. Its version is the size of the ledger that everything in it follows from.
///
/// # Errors
/// When a table cannot be made.
pub fn datapackage(view: &Arc<View>) -> Result<Vec<u8>, csv::Error> {
    let definition = view.count.definition();
    let language = view.language_code(0);
    let mut resources = Vec::new();
    for (at, contest) in definition.contests.iter().enumerate() {
        let name = |table: &str| format!("{}-{table}", contest.id.as_str().to_lowercase());
        for (table, make) in
            [("stations", stations as fn(&Arc<View>, usize) -> Table), ("units", units), ("readings", readings)]
        {
            let path = |ending: &str| format!("{}/{table}.{ending}", contest.id);
            resources.push(csv_resource(&name(table), &path("csv"), make(view, at))?);
            let bytes = make(view, at).parquet()?;
            resources.push(resource(&format!("{}-parquet", name(table)), &path("parquet"), "parquet", &bytes));
        }
        if let (Some(table), Some(packed)) = (official(view, at), official(view, at)) {
            let path = |ending: &str| format!("{}/official.{ending}", contest.id);
            resources.push(csv_resource(&name("official"), &path("csv"), table)?);
            resources.push(resource(&name("official-parquet"), &path("parquet"), "parquet", &packed.parquet()?));
        }
    }
    resources.push(csv_resource("sheets", "sheets.csv", sheets(view))?);
    resources.push(csv_resource("refusals", "refusals.csv", refusals(view))?);
    let package = json!({
        "name": definition.id.to_lowercase(),
        "title": format!("{}, {}", definition.title.in_language(language), definition.place.in_language(language)),
        "profile": "data-package",
        "version": view.head.size.to_string(),
        "ledger": { "origin": view.head.origin, "size": view.head.size, "root": view.head.root },
        "resources": resources,
    });
    let mut bytes = serde_json::to_vec_pretty(&package).map_err(std::io::Error::from)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn resource(name: &str, path: &str, format: &str, bytes: &[u8]) -> Value {
    json!({
        "name": name, "path": path, "format": format, "bytes": bytes.len(),
        "hash": format!("sha256:{}", DocumentHash::of(bytes)),
    })
}

fn csv_resource(name: &str, path: &str, table: Table) -> Result<Value, csv::Error> {
    let fields: Vec<Value> = table
        .columns()
        .iter()
        .map(|column| {
            // A column of votes may hold a word where there is no number.
            let kind = match column.as_str() {
                column if column.contains('.') || column == "valid" || column.starts_with("stated_") => "any",
                column if is_number(column) => "integer",
                _ => "string",
            };
            json!({ "name": column, "type": kind })
        })
        .collect();
    let mut bytes = Vec::new();
    for piece in table.csv() {
        bytes.extend(piece?);
    }
    let mut resource = resource(name, path, "csv", &bytes);
    resource["profile"] = "tabular-data-resource".into();
    resource["mediatype"] = "text/csv".into();
    resource["encoding"] = "utf-8".into();
    resource["schema"] = json!({ "fields": fields });
    Ok(resource)
}
