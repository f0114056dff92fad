//! The register: which stations there are, where they belong, how many voters each has.
//!
//! A register file is CSV in UTF-8 with the columns `station`, `registered` (may be blank where unknown) and, for each
//! level above the station, the level's id (the unit's code) and the same with `_name`. A blank code means that the
//! station's branch skips that level. Columns may stand in any order; others are refused.

use csv::{ReaderBuilder, StringRecord, WriterBuilder};

use crate::cell::Cell;
use crate::identifier::{StationId, UnitCode};
use crate::pack::Pack;
use crate::source::SourceError;

/// One station of a register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisterRow {
    /// The station's official code.
    pub station: StationId,
    /// Registered voters, where known.
    pub registered: Option<u32>,
    /// The units it belongs to from the widest down: position of the level in [`Pack::unit_levels`], code, name.
    pub path: Vec<(usize, UnitCode, String)>,
}

/// Whether the first line of this file is that of a register in Testigo's own form.
#[must_use]
pub fn is_register(bytes: &[u8]) -> bool {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let columns: Vec<&[u8]> = first.strip_suffix(b"\r").unwrap_or(first).split(|byte| *byte == b',').collect();
    columns.contains(&b"station".as_slice()) && columns.contains(&b"registered".as_slice())
}

/// Reads a register row by row. `file` is how complaints call it.
///
/// # Errors
/// With file, line and column for anything missing, unknown, doubled or malformed. Doubled stations are the caller's
/// to find, who knows the stations there are.
pub fn read_register(
    file: &str,
    bytes: &[u8],
    pack: &Pack,
    mut each: impl FnMut(u64, RegisterRow) -> Result<(), SourceError>,
) -> Result<(), SourceError> {
    let complain = |line: u64, field: &str, message: String| SourceError {
        file: file.to_owned(),
        line: usize::try_from(line).unwrap_or(usize::MAX),
        field: field.to_owned(),
        message,
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new().from_reader(bytes);
    let headers = reader.headers().map_err(|error| complain(1, "", error.to_string()))?.clone();
    let columns = Columns::find(&headers, pack).map_err(|(field, message)| complain(1, &field, message))?;
    let mut record = StringRecord::new();
    loop {
        let more = reader.read_record(&mut record).map_err(|error| {
            let line = error.position().map_or(0, |position| line_of(position, bytes));
            complain(line, "", csv_message(&error))
        })?;
        if !more {
            return Ok(());
        }
        let line = record.position().map_or(0, |position| line_of(position, bytes));
        let row = columns.row(&record, pack).map_err(|(field, message)| complain(line, &field, message))?;
        each(line, row)?;
    }
}

/// The line on which a record begins, from 1. The CSV reader's own line is where it began to look for the record: before
/// blank lines, and before the line feed that is left of a line above that ends in carriage return and line feed.
pub(crate) fn line_of(position: &csv::Position, bytes: &[u8]) -> u64 {
    let rest = usize::try_from(position.byte()).ok().and_then(|start| bytes.get(start..)).unwrap_or_default();
    let ends = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).filter(|byte| **byte == b'\n');
    ends.fold(position.line(), |line, _| line.saturating_add(1))
}

pub(crate) fn csv_message(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("this line has {len} fields, the header has {expected_len}; look for a stray quote or separator")
        }
        csv::ErrorKind::Utf8 { .. } => "this line is not UTF-8 text; save the file as UTF-8".to_owned(),
        _ => error.to_string(),
    }
}

/// Writes a register in Testigo's own form.
///
/// # Errors
/// Only if writing to memory fails.
pub fn write_register<'a>(pack: &Pack, rows: impl IntoIterator<Item = &'a RegisterRow>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let mut header = Vec::new();
    for level in pack.unit_levels() {
        header.push(level.id.to_string());
        header.push(format!("{}_name", level.id));
    }
    header.extend(["station".to_owned(), "registered".to_owned()]);
    writer.write_record(&header)?;
    for row in rows {
        let mut fields = vec![String::new(); header.len()];
        for (level, code, name) in &row.path {
            if let Some(pair) = fields.get_mut(level * 2..level * 2 + 2) {
                pair[0] = code.to_string();
                pair[1].clone_from(name);
            }
        }
        let tail = fields.len() - 2;
        fields[tail] = row.station.to_string();
        fields[tail + 1] = row.registered.map(|count| count.to_string()).unwrap_or_default();
        writer.write_record(&fields)?;
    }
    writer.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

struct Columns {
    station: usize,
    registered: usize,
    levels: Vec<(usize, usize)>,
}

type FieldError = (String, String);

impl Columns {
    fn find(headers: &StringRecord, pack: &Pack) -> Result<Self, FieldError> {
        let mut known = vec!["station".to_owned(), "registered".to_owned()];
        for level in pack.unit_levels() {
            known.push(level.id.to_string());
            known.push(format!("{}_name", level.id));
        }
        for (at, header) in headers.iter().enumerate() {
            if !known.iter().any(|name| name == header) {
                return Err((header.to_owned(), format!("unknown column; a register has {}", known.join(", "))));
            }
            if headers.iter().take(at).any(|earlier| earlier == header) {
                return Err((header.to_owned(), "this column is there twice".to_owned()));
            }
        }
        let find = |name: &str| {
            let missing = || (name.to_owned(), format!("this column is missing; a register has {}", known.join(", ")));
            headers.iter().position(|header| header == name).ok_or_else(missing)
        };
        let levels = pack
            .unit_levels()
            .iter()
            .map(|level| Ok((find(level.id.as_str())?, find(&format!("{}_name", level.id))?)))
            .collect::<Result<_, FieldError>>()?;
        Ok(Self { station: find("station")?, registered: find("registered")?, levels })
    }

    fn row(&self, record: &StringRecord, pack: &Pack) -> Result<RegisterRow, FieldError> {
        let text = |column: usize| record.get(column).unwrap_or_default();
        let station = StationId::new(text(self.station)).map_err(|error| ("station".to_owned(), error.to_string()))?;
        let registered = match text(self.registered) {
            "" => None,
            digits => Some(digits.parse().ok().filter(|count| *count <= Cell::LARGEST).ok_or_else(|| {
                (
                    "registered".to_owned(),
                    format!("`{digits}` is not a whole number of voters; leave it blank if unknown"),
                )
            })?),
        };
        let mut path = Vec::with_capacity(self.levels.len());
        for (position, (level, (code, name))) in pack.unit_levels().iter().zip(&self.levels).enumerate() {
            match text(*code) {
                "" => {}
                written => {
                    let code = UnitCode::new(written).map_err(|error| (level.id.to_string(), error.to_string()))?;
                    path.push((position, code, text(*name).to_owned()));
                }
            }
        }
        if path.is_empty() && !self.levels.is_empty() {
            let first = pack.unit_levels().first().map(|level| level.id.to_string()).unwrap_or_default();
            return Err((first, format!("station {station} belongs to no unit; give the code of at least one level")));
        }
        Ok(RegisterRow { station, registered, path })
    }
}
