//! How the columns of somebody else's results file map to stations, units and numbers: data, one TOML file per form.
//!
//! A mapping knows delimiter and encoding, wide tables (one row for each station) and long ones (one row for each
//! number), several columns per candidate, constants, codes that a spreadsheet has stripped of their zeros, and blank
//! votes that a file counts as valid.

use std::borrow::Cow;
use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};
use serde::Deserialize;
use toml::Spanned;

use crate::cell::Cell;
use crate::definition::Definition;
use crate::entry::{Detail, Numbers, Stated};
use crate::identifier::{ContestId, OtherId, StationId, UnitCode};
use crate::pack::Pack;
use crate::register::{RegisterRow, csv_message};
use crate::source::{Source, SourceError};

/// A mapping, checked against the election and the pack.
#[derive(Debug, Clone)]
pub struct Mapping {
    /// Its name, for example `results`.
    pub id: String,
    delimiter: u8,
    encodings: Vec<Encoding>,
    station: Text,
    numbers: Vec<NumbersMapping>,
    long: Option<Long>,
    register: Option<RegisterMapping>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "latin-1")]
    Latin1,
    #[serde(rename = "utf-16le")]
    Utf16Le,
}

/// A text put together from columns and constants.
type Text = Vec<Piece>;

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Piece {
    Constant(String),
    Column(ColumnPiece),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct ColumnPiece {
    column: String,
    /// Zeros in front up to this many characters.
    #[serde(default)]
    pad: usize,
    /// Only so many characters from the front, after padding.
    first: Option<usize>,
    /// Cut at this text and take one part, from 1.
    split: Option<String>,
    part: Option<usize>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Number {
    Column(String),
    Several(SeveralColumns),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeveralColumns {
    /// Added up.
    #[serde(default)]
    sum: Vec<String>,
    /// Taken off again, for example blank votes that the file counts as valid.
    #[serde(default)]
    minus: Vec<String>,
    /// The same number in every row.
    constant: Option<u32>,
    /// A file without these columns says nothing about the number.
    #[serde(default)]
    optional: bool,
    /// Whether an empty field is an answer ("blank") rather than a mistake.
    #[serde(default)]
    may_be_blank: bool,
}

#[derive(Debug, Clone)]
struct NumbersMapping {
    contest: ContestId,
    only: Option<Condition>,
    detail: Detail,
    votes: Vec<Number>,
    other: BTreeMap<OtherId, Number>,
    stated: StatedFile<Number>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Condition {
    column: String,
    equals: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatedFile<T> {
    cast: Option<T>,
    registered: Option<T>,
    valid: Option<T>,
}

impl<T> Default for StatedFile<T> {
    fn default() -> Self {
        Self { cast: None, registered: None, valid: None }
    }
}

/// A long table: each row gives one number, named by a key.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    /// The column with the key.
    key: String,
    /// The column with the number.
    value: String,
}

#[derive(Debug, Clone)]
struct RegisterMapping {
    registered: Option<Number>,
    units: Vec<(usize, Text, Text)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    id: String,
    #[serde(default = "comma")]
    delimiter: Spanned<String>,
    #[serde(default = "any_encoding")]
    encodings: Vec<Encoding>,
    station: Text,
    #[serde(default)]
    numbers: Vec<NumbersFile>,
    long: Option<Long>,
    register: Option<RegisterFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NumbersFile {
    contest: Spanned<String>,
    only: Option<Condition>,
    #[serde(default)]
    candidates: BTreeMap<Spanned<String>, Number>,
    #[serde(default)]
    selections: BTreeMap<Spanned<String>, Number>,
    #[serde(default)]
    others: BTreeMap<Spanned<String>, Number>,
    #[serde(default)]
    stated: StatedFile<Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegisterFile {
    registered: Option<Number>,
    #[serde(default)]
    unit: Vec<UnitFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnitFile {
    level: Spanned<String>,
    code: Text,
    name: Text,
}

fn comma() -> Spanned<String> {
    Spanned::new(0..0, ",".to_owned())
}

fn any_encoding() -> Vec<Encoding> {
    vec![Encoding::Utf8, Encoding::Latin1]
}

/// One station's numbers as a results file gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultsRow {
    /// The line of the file, from 1; the header is line 1. Of a long table, the station's first line.
    pub line: u64,
    /// One for each contest.
    pub numbers: Vec<Numbers>,
}

/// What a results file gives, and the rows that it does not.
#[derive(Debug, Clone, Default)]
pub struct Results {
    /// Usable rows.
    pub rows: Vec<ResultsRow>,
    /// Rows that were left out, and why.
    pub faults: Vec<SourceError>,
}

impl Mapping {
    /// Reads a mapping. `file` is how complaints call it.
    ///
    /// # Errors
    /// With file, line and field.
    pub fn parse(file: &str, bytes: &[u8], definition: &Definition, pack: &Pack) -> Result<Self, SourceError> {
        let source = Source::new(file, bytes)?;
        let raw: MappingFile = source.parse()?;
        let delimiter = match raw.delimiter.get_ref().as_bytes() {
            [byte] => *byte,
            _ => return Err(source.at(&raw.delimiter, "delimiter", "a delimiter is one ASCII character, for example \";\"")),
        };
        let numbers = raw
            .numbers
            .into_iter()
            .map(|numbers| NumbersMapping::check(&source, numbers, definition))
            .collect::<Result<Vec<_>, _>>()?;
        let register = raw.register.map(|register| check_register(&source, register, pack)).transpose()?;
        if numbers.is_empty() && register.is_none() {
            return Err(source.whole("numbers", "a mapping needs at least one [[numbers]] or a [register]"));
        }
        Ok(Self {
            id: raw.id,
            delimiter,
            encodings: raw.encodings,
            station: raw.station,
            numbers,
            long: raw.long,
            register,
        })
    }

    /// Whether this file has all columns that the mapping's `[register]` needs.
    #[must_use]
    pub fn fits_register(&self, bytes: &[u8]) -> bool {
        let Some(register) = &self.register else { return false };
        let Ok(table) = self.open("", bytes) else { return false };
        let has = |text: &Text| text.iter().all(|piece| match piece {
            Piece::Constant(_) => true,
            Piece::Column(piece) => table.column(&piece.column).is_ok(),
        });
        has(&self.station) && register.units.iter().all(|(_, code, name)| has(code) && has(name))
    }

    /// Whether this file has all columns that the mapping's numbers need.
    #[must_use]
    pub fn fits_results(&self, bytes: &[u8]) -> bool {
        let Ok(table) = self.open("", bytes) else { return false };
        let has = |column: &str| table.column(column).is_ok();
        !self.numbers.is_empty()
            && self.station.iter().all(|piece| match piece {
                Piece::Constant(_) => true,
                Piece::Column(piece) => has(&piece.column),
            })
            && match &self.long {
                Some(long) => has(&long.key) && has(&long.value),
                None => self.numbers.iter().all(|numbers| numbers.columns().all(has)),
            }
    }

    /// The stations of a results file with the units they belong to.
    ///
    /// # Errors
    /// With file, line and column for the first thing that is wrong: a register is taken whole or not at all.
    pub fn read_register(&self, file: &str, bytes: &[u8]) -> Result<Vec<RegisterRow>, SourceError> {
        let mut table = self.open(file, bytes)?;
        let Some(register) = &self.register else {
            return Err(table.fault(1, "", "this mapping has no [register], so the file cannot serve as one"));
        };
        let mut rows: Vec<RegisterRow> = Vec::new();
        while table.next()? {
            let station = table.station(&self.station)?;
            if rows.last().is_some_and(|last| self.long.is_some() && last.station == station) {
                continue;
            }
            let registered = match &register.registered {
                Some(number) => table.number(number)?.and_then(Cell::value),
                None => None,
            };
            let mut path = Vec::with_capacity(register.units.len());
            for (level, code, name) in &register.units {
                let code = table.text(code)?;
                if !code.is_empty() {
                    let code = UnitCode::new(code).map_err(|error| table.fault_here("", error.to_string()))?;
                    path.push((*level, code, table.text(name)?));
                }
            }
            rows.push(RegisterRow { station, registered, path });
        }
        Ok(rows)
    }

    /// The numbers of a results file. Rows that cannot be used are left out and listed.
    ///
    /// # Errors
    /// When the file as a whole cannot be read: a missing column, a stray quote, the wrong encoding.
    pub fn read_results(&self, file: &str, bytes: &[u8]) -> Result<Results, SourceError> {
        let mut table = self.open(file, bytes)?;
        match &self.long {
            None => self.read_wide(&mut table),
            Some(long) => self.read_long(&mut table, long),
        }
    }

    fn read_wide(&self, table: &mut Table<'_>) -> Result<Results, SourceError> {
        for mapping in &self.numbers {
            mapping.columns().try_for_each(|column| table.column(column).map(|_| ()))?;
        }
        let mut results = Results::default();
        while table.next()? {
            let row = table.station(&self.station).and_then(|station| {
                let chosen = self.numbers.iter().filter(|mapping| mapping.applies(table));
                let read = |mapping: &NumbersMapping| mapping.gather(&station, |number| table.number(number));
                let numbers = chosen.map(read).collect::<Result<_, _>>()?;
                Ok(ResultsRow { line: table.line(), numbers })
            });
            match row {
                Ok(row) if row.numbers.is_empty() => {}
                Ok(row) => results.rows.push(row),
                Err(fault) => results.faults.push(fault),
            }
        }
        Ok(results)
    }

    /// A long table names each number by a key; the mapping's "columns" are then those keys.
    fn read_long(&self, table: &mut Table<'_>, long: &Long) -> Result<Results, SourceError> {
        table.column(&long.key)?;
        table.column(&long.value)?;
        let mut stations: BTreeMap<StationId, (u64, Vec<BTreeMap<String, Cell>>)> = BTreeMap::new();
        let mut results = Results::default();
        while table.next()? {
            let taken = table.station(&self.station).and_then(|station| {
                let key = table.field(&long.key)?.to_owned();
                let value = table.cell(&long.value, false)?;
                let line = table.line();
                let (_, contests) =
                    stations.entry(station).or_insert_with(|| (line, vec![BTreeMap::new(); self.numbers.len()]));
                for (mapping, keys) in self.numbers.iter().zip(contests) {
                    if mapping.applies(table)
                        && mapping.columns().any(|known| known == key)
                        && keys.insert(key.clone(), value).is_some()
                    {
                        return Err(table.fault_here(&long.key, format!("`{key}` is there twice for this station")));
                    }
                }
                Ok(())
            });
            if let Err(fault) = taken {
                results.faults.push(fault);
            }
        }
        for (station, (line, contests)) in stations {
            let mut numbers = Vec::new();
            for (mapping, keys) in self.numbers.iter().zip(&contests) {
                if !keys.is_empty() {
                    let read = mapping.gather(&station, |number| {
                        let found = |key: &str| Ok(keys.get(key).copied().unwrap_or(Cell::Absent));
                        number.evaluate(found).map_err(|message: String| table.fault(line, &long.value, message))
                    });
                    match read {
                        Ok(read) => numbers.push(read),
                        Err(fault) => results.faults.push(fault),
                    }
                }
            }
            results.rows.push(ResultsRow { line, numbers });
        }
        results.rows.sort_by_key(|row| row.line);
        Ok(results)
    }

    fn open<'a>(&self, file: &'a str, bytes: &'a [u8]) -> Result<Table<'a>, SourceError> {
        Table::open(file, bytes, self.delimiter, &self.encodings)
    }
}

impl NumbersMapping {
    fn check(source: &Source<'_>, raw: NumbersFile, definition: &Definition) -> Result<Self, SourceError> {
        let id = raw.contest.get_ref();
        let contest = definition.contests.iter().find(|contest| contest.id.as_str() == id).ok_or_else(|| {
            source.at(&raw.contest, "numbers.contest", format!("there is no contest `{id}` in the election file"))
        })?;
        let (detail, written, ids): (_, _, Vec<&str>) = if raw.selections.is_empty() {
            let ids = contest.candidates.iter().map(|one| one.id.as_str()).collect();
            (Detail::Candidate, raw.candidates, ids)
        } else {
            let ids = contest.selections.iter().map(|one| one.id.as_str()).collect();
            (Detail::Selection, raw.selections, ids)
        };
        if let Some(unknown) = written.keys().find(|key| !ids.contains(&key.get_ref().as_str())) {
            return Err(source.at(unknown, "", format!("contest `{id}` has no `{}`", unknown.get_ref())));
        }
        let votes = ids
            .iter()
            .map(|id| {
                let found = written.iter().find(|(key, _)| key.get_ref() == id).map(|(_, number)| number.clone());
                found.ok_or_else(|| source.at(&raw.contest, "numbers", format!("no column is named for `{id}`")))
            })
            .collect::<Result<_, _>>()?;
        let mut other = BTreeMap::new();
        for (key, number) in raw.others {
            let found = contest.others.iter().find(|one| one.id.as_str() == key.get_ref()).ok_or_else(|| {
                source.at(&key, "others", format!("contest `{id}` has no `{}` in `others`", key.get_ref()))
            })?;
            other.insert(found.id.clone(), number);
        }
        Ok(Self { contest: contest.id.clone(), only: raw.only, detail, votes, other, stated: raw.stated })
    }

    /// Columns that must be there.
    fn columns(&self) -> impl Iterator<Item = &str> {
        let stated = [&self.stated.cast, &self.stated.registered, &self.stated.valid];
        let numbers = self.votes.iter().chain(self.other.values()).chain(stated.into_iter().flatten());
        numbers.flat_map(Number::columns)
    }

    fn applies(&self, table: &Table<'_>) -> bool {
        self.only.as_ref().is_none_or(|only| table.field(&only.column).is_ok_and(|text| text == only.equals))
    }

    fn gather(
        &self,
        station: &StationId,
        value: impl Fn(&Number) -> Result<Option<Cell>, SourceError>,
    ) -> Result<Numbers, SourceError> {
        let stated = |number: &Option<Number>| number.as_ref().map_or(Ok(None), &value);
        let mut other = BTreeMap::new();
        for (id, number) in &self.other {
            if let Some(cell) = value(number)? {
                other.insert(id.clone(), cell);
            }
        }
        Ok(Numbers {
            contest: self.contest.clone(),
            station: station.clone(),
            detail: self.detail,
            votes: self
                .votes
                .iter()
                .map(|number| Ok(value(number)?.unwrap_or(Cell::Absent)))
                .collect::<Result<_, SourceError>>()?,
            other,
            stated: Stated {
                cast: stated(&self.stated.cast)?,
                registered: stated(&self.stated.registered)?,
                valid: stated(&self.stated.valid)?,
            },
        })
    }
}

impl Number {
    /// Columns that must be there.
    fn columns(&self) -> impl Iterator<Item = &str> {
        let (single, several) = match self {
            Self::Column(column) => (Some(column), None),
            Self::Several(several) => (None, Some(several).filter(|several| !several.optional)),
        };
        let several = several.into_iter().flat_map(|several| several.sum.iter().chain(&several.minus));
        single.into_iter().chain(several).map(String::as_str)
    }

    /// The number that a mapping's expression gives; `None` where the file says nothing about it.
    ///
    /// # Errors
    /// Those of `cell`, and a message when a difference is below 0.
    fn evaluate<E: From<String>>(&self, cell: impl Fn(&str) -> Result<Cell, E>) -> Result<Option<Cell>, E> {
        let several = match self {
            Self::Column(column) => return Ok(Some(cell(column)?).filter(|cell| *cell != Cell::Absent)),
            Self::Several(several) => several,
        };
        if let Some(constant) = several.constant {
            return Ok(Some(Cell::Value(constant)));
        }
        let all = |columns: &[String]| columns.iter().map(|column| cell(column)).collect::<Result<Vec<_>, E>>();
        let (sum, minus) = (Cell::sum(all(&several.sum)?), Cell::sum(all(&several.minus)?));
        match (sum, minus) {
            (Cell::Absent, _) => Ok(None),
            (sum, Cell::Absent) if several.minus.is_empty() => Ok(Some(sum)),
            (Cell::Value(sum), Cell::Value(minus)) => match sum.checked_sub(minus) {
                Some(rest) => Ok(Some(Cell::Value(rest))),
                None => Err(E::from(format!(
                    "{} is {sum} and {} is {minus}: the difference is below 0",
                    several.sum.join(" + "),
                    several.minus.join(" + "),
                ))),
            },
            _ => Ok(Some(Cell::Illegible)),
        }
    }
}

impl From<String> for SourceError {
    fn from(message: String) -> Self {
        Self { file: String::new(), line: 0, field: String::new(), message }
    }
}

fn check_register(source: &Source<'_>, raw: RegisterFile, pack: &Pack) -> Result<RegisterMapping, SourceError> {
    let units = raw
        .unit
        .into_iter()
        .map(|unit| {
            let written = unit.level.get_ref();
            let level = pack.unit_levels().iter().position(|level| level.id.as_str() == written).ok_or_else(|| {
                source.at(&unit.level, "level", format!("the pack has no level `{written}` above the stations"))
            })?;
            Ok((level, unit.code, unit.name))
        })
        .collect::<Result<_, SourceError>>()?;
    Ok(RegisterMapping { registered: raw.registered, units })
}

/// A results file that is being read.
struct Table<'a> {
    file: &'a str,
    headers: StringRecord,
    reader: csv::Reader<std::io::Cursor<Vec<u8>>>,
    record: StringRecord,
}

impl<'a> Table<'a> {
    fn open(file: &'a str, bytes: &[u8], delimiter: u8, encodings: &[Encoding]) -> Result<Self, SourceError> {
        let fault = |message: &str| SourceError {
            file: file.to_owned(),
            line: 1,
            field: String::new(),
            message: message.to_owned(),
        };
        let text = encodings
            .iter()
            .find_map(|encoding| decode(*encoding, bytes))
            .ok_or_else(|| fault("the file is in none of the encodings that the mapping names"))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .from_reader(std::io::Cursor::new(text.as_bytes().to_vec()));
        let headers = reader.headers().map_err(|error| fault(&csv_message(&error)))?.clone();
        if headers.is_empty() || headers.iter().all(str::is_empty) {
            return Err(fault("the file has no header line"));
        }
        if let Some(twice) = headers.iter().enumerate().find(|(at, name)| headers.iter().take(*at).any(|one| one == *name)) {
            return Err(SourceError { field: twice.1.to_owned(), ..fault("this column is there twice") });
        }
        Ok(Self { file, headers, reader, record: StringRecord::new() })
    }

    /// Goes to the next row; `false` at the end.
    fn next(&mut self) -> Result<bool, SourceError> {
        let before = self.reader.position().line();
        let more = self.reader.read_record(&mut self.record).map_err(|error| {
            let line = error.position().map_or(before, csv::Position::line);
            self.fault(line, "", csv_message(&error))
        })?;
        let field = self.record.iter().position(|field| field.contains('\n'));
        if let (true, Some(at)) = (more, field) {
            let column = self.headers.get(at).unwrap_or_default();
            return Err(self.fault(
                self.line(),
                column,
                "a quote opens here and the field runs over the end of the line; remove the stray quote",
            ));
        }
        Ok(more)
    }

    fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    fn column(&self, name: &str) -> Result<usize, SourceError> {
        self.headers.iter().position(|header| header == name).ok_or_else(|| {
            let there: Vec<&str> = self.headers.iter().collect();
            self.fault(1, name, format!("this column is missing; the file has {}", there.join(", ")))
        })
    }

    fn field(&self, column: &str) -> Result<&str, SourceError> {
        Ok(self.record.get(self.column(column)?).unwrap_or_default().trim())
    }

    fn cell(&self, column: &str, may_be_blank: bool) -> Result<Cell, SourceError> {
        let text = self.field(column)?;
        match text.parse() {
            Ok(value) if value <= Cell::LARGEST && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Cell::Value(value))
            }
            _ if text.is_empty() && may_be_blank => Ok(Cell::Blank),
            _ if text.is_empty() => Err(self.fault_here(column, "the field is blank where a number belongs")),
            _ => Err(self.fault_here(column, format!("`{text}` is not a whole number of votes from 0 to {}", Cell::LARGEST))),
        }
    }

    fn number(&self, number: &Number) -> Result<Option<Cell>, SourceError> {
        let (optional, may_be_blank) = match number {
            Number::Column(_) => (false, false),
            Number::Several(several) => (several.optional, several.may_be_blank),
        };
        let cell = |column: &str| match self.column(column) {
            Err(_) if optional => Ok(Cell::Absent),
            Err(fault) => Err(fault),
            Ok(_) => self.cell(column, may_be_blank),
        };
        number.evaluate(cell).map_err(|fault| if fault.file.is_empty() { self.fault_here("", fault.message) } else { fault })
    }

    fn text(&self, text: &Text) -> Result<String, SourceError> {
        let mut joined = String::new();
        for piece in text {
            match piece {
                Piece::Constant(constant) => joined.push_str(constant),
                Piece::Column(piece) => joined.push_str(&self.piece(piece)?),
            }
        }
        Ok(joined)
    }

    fn piece(&self, piece: &ColumnPiece) -> Result<Cow<'_, str>, SourceError> {
        let mut text = self.field(&piece.column)?;
        if let Some(split) = &piece.split {
            let part = piece.part.unwrap_or(1);
            text = part.checked_sub(1).and_then(|part| text.split(split.as_str()).nth(part)).ok_or_else(|| {
                self.fault_here(&piece.column, format!("`{text}` has no part {part} between `{split}`"))
            })?;
        }
        let missing = piece.pad.saturating_sub(text.chars().count());
        let padded = if missing > 0 && !text.is_empty() { Cow::Owned("0".repeat(missing) + text) } else { Cow::Borrowed(text) };
        match piece.first {
            Some(first) => Ok(Cow::Owned(padded.chars().take(first).collect())),
            None => Ok(padded),
        }
    }

    fn station(&self, text: &Text) -> Result<StationId, SourceError> {
        StationId::new(self.text(text)?).map_err(|error| self.fault_here("", error.to_string()))
    }

    fn fault_here(&self, column: &str, message: impl Into<String>) -> SourceError {
        self.fault(self.line(), column, message)
    }

    fn fault(&self, line: u64, column: &str, message: impl Into<String>) -> SourceError {
        SourceError {
            file: self.file.to_owned(),
            line: usize::try_from(line).unwrap_or(usize::MAX),
            field: column.to_owned(),
            message: message.into(),
        }
    }
}

fn decode(encoding: Encoding, bytes: &[u8]) -> Option<Cow<'_, str>> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Encoding::Latin1 => Some(encoding_rs::mem::decode_latin1(bytes)),
        Encoding::Utf16Le => encoding_rs::UTF_16LE.decode_without_bom_handling_and_without_replacement(bytes),
    }
}
