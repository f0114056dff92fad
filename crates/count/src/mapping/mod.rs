//! How the columns of somebody else's results file map to stations, units and numbers: data, one TOML file per form.
//!
//! A mapping knows delimiter and encoding, wide tables (one row for each station) and long ones (one row for each
//! number), several columns per candidate, constants, codes that a spreadsheet has stripped of their zeros, and blank
//! votes that a file counts as valid.

mod number;
mod table;

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use self::number::Number;
use self::table::{Encoding, Piece, Table, Text};

use crate::cell::Cell;
use crate::definition::Definition;
use crate::entry::{Detail, Numbers, Stated};
use crate::identifier::{ContestId, OtherId, StationId, UnitCode};
use crate::pack::Pack;
use crate::register::RegisterRow;
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
            _ => {
                return Err(source.at(
                    &raw.delimiter,
                    "delimiter",
                    "a delimiter is one ASCII character, for example \";\"",
                ));
            }
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
        let has = |text: &Text| {
            text.iter().all(|piece| match piece {
                Piece::Constant(_) => true,
                Piece::Column(piece) => table.column(&piece.column).is_ok(),
            })
        };
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
