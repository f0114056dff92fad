//! A table of proclaimed figures: a row for each bulletin and place, turned into the same fields as a document has.

use csv::{ReaderBuilder, StringRecord};

use super::bulletin::{REST, is_described};
use super::json::{Node, Value};
use super::{Found, Notes, OfficialDefaults, fault};
use crate::definition::Contest;
use crate::fold::Count;
use crate::register::{csv_message, line_of};
use crate::source::SourceError;

/// The ending of a column with a candidate's percentage.
const PERCENT: &str = "_pct";

enum Column {
    Field(String),
    Votes(String),
    Percent(String),
    LeftAlone,
}

/// The rows as bulletins. Columns: those that `docs/official-figures.md` names, one for each candidate's votes under its
/// id, `<id>_pct` for its percentage, and one for each kind of ballots for no candidate.
pub(super) fn rows(
    file: &str,
    text: &[u8],
    count: &Count,
    defaults: &OfficialDefaults,
    notes: &mut Notes,
) -> Result<Vec<Found>, SourceError> {
    if let Err(error) = std::str::from_utf8(text) {
        let line = text[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
        return Err(fault(file, line, "", "this is not UTF-8 text; save the file as CSV in UTF-8"));
    }
    let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let often = |delimiter: &u8| first.iter().filter(|byte| *byte == delimiter).count();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(often).unwrap_or(b',');
    let mut reader = ReaderBuilder::new().delimiter(delimiter).from_reader(text);
    let headers = reader.headers().map_err(|error| fault(file, 1, "", &csv_message(&error)))?.clone();
    let columns = columns(file, &headers, count, notes)?;
    let mut found = Vec::new();
    let mut record = StringRecord::new();
    loop {
        let before = reader.position().line();
        let more = reader.read_record(&mut record).map_err(|error| {
            let line = error.position().map_or(before, |position| line_of(position, text));
            fault(file, usize::try_from(line).unwrap_or(usize::MAX), "", &csv_message(&error))
        })?;
        if !more {
            break;
        }
        let line = record.position().map_or(0, |position| line_of(position, text));
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        found.push((Vec::new(), bulletin(&columns, &record, line), String::new()));
    }
    let has_bulletin = headers.iter().any(|name| matches!(name.trim(), "bulletin" | "number"));
    if !has_bulletin && defaults.bulletin.is_none() {
        let message = "no column `bulletin` says which bulletin it is; add one, or give --bulletin 1";
        return Err(fault(file, 1, "bulletin", message));
    }
    if found.is_empty() {
        return Err(fault(file, 1, "", "there is no row below the header"));
    }
    Ok(found)
}

fn columns(file: &str, headers: &StringRecord, count: &Count, notes: &mut Notes) -> Result<Vec<Column>, SourceError> {
    let contests = &count.definition().contests;
    let is_candidate = |contest: &Contest, name: &str| contest.candidates.iter().any(|one| one.id.as_str() == name);
    let any = |test: &dyn Fn(&Contest) -> bool| contests.iter().any(test);
    let mut columns = Vec::with_capacity(headers.len());
    let mut numbers = false;
    for (at, name) in headers.iter().enumerate() {
        let name = name.trim();
        if headers.iter().take(at).any(|before| before.trim() == name) {
            return Err(fault(file, 1, name, "this column is there twice"));
        }
        let column = match name.strip_suffix(PERCENT) {
            _ if any(&|contest| is_candidate(contest, name)) => Column::Votes(name.to_owned()),
            Some(candidate) if candidate == REST || any(&|contest| is_candidate(contest, candidate)) => {
                Column::Percent(candidate.to_owned())
            }
            _ if is_described(name) || any(&|contest| contest.others.iter().any(|one| one.id.as_str() == name)) => {
                Column::Field(name.to_owned())
            }
            _ => {
                notes.left_alone(name, 1);
                Column::LeftAlone
            }
        };
        numbers |= matches!(column, Column::Votes(_) | Column::Percent(_));
        columns.push(column);
    }
    if !numbers {
        let known: Vec<&str> =
            contests.iter().flat_map(|contest| contest.candidates.iter().map(|one| one.id.as_str())).collect();
        let message =
            format!("no column has votes or percentages of a candidate; write {} as headers", known.join(", "));
        return Err(fault(file, 1, "", &message));
    }
    Ok(columns)
}

fn bulletin(columns: &[Column], record: &StringRecord, line: usize) -> Node {
    let (mut fields, mut votes, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for (column, text) in columns.iter().zip(record) {
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let node = Node { line, value: Value::Text(text.to_owned()) };
        match column {
            Column::Field(name) => fields.push((name.clone(), node)),
            Column::Votes(name) => votes.push((name.clone(), node)),
            Column::Percent(name) => shares.push((name.clone(), node)),
            Column::LeftAlone => {}
        }
    }
    for (name, nested) in [("votes", votes), ("stated_pct", shares)] {
        if !nested.is_empty() {
            fields.push((name.to_owned(), Node { line, value: Value::Object(nested) }));
        }
    }
    Node { line, value: Value::Object(fields) }
}
