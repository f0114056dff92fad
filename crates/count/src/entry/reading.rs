//! A reading: numbers that a reader took from a sheet or a results file, or why there are none.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ReadingKind;
use crate::cell::Cell;
use crate::identifier::{Code, ContestId, DocumentHash, EntryIndex, KeyName, OtherId, StationId};

/// Who or what took the numbers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reader {
    /// The code on the sheet.
    Qr,
    /// The printed figures.
    Print,
    /// A person, by pseudonym.
    Person(String),
    /// A results file, by its hash.
    Published(DocumentHash),
}

impl fmt::Display for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qr => formatter.write_str("qr"),
            Self::Print => formatter.write_str("print"),
            Self::Person(name) => write!(formatter, "person:{name}"),
            Self::Published(hash) => write!(formatter, "published:{hash}"),
        }
    }
}

impl FromStr for Reader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match (text, text.split_once(':')) {
            ("qr", _) => Ok(Self::Qr),
            ("print", _) => Ok(Self::Print),
            (_, Some(("person", name))) => {
                KeyName::new(name).map(|name| Self::Person(name.as_str().to_owned())).map_err(|error| error.to_string())
            }
            (_, Some(("published", hash))) => hash.parse().map(Self::Published).map_err(|error| format!("{error}")),
            _ => Err(format!("`{text}` is no reader; qr, print, person:NAME and published:HASH are known")),
        }
    }
}

impl Serialize for Reader {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether votes are given for each line of the ballot or only for each candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Detail {
    /// One number for each candidate.
    Candidate,
    /// One number for each line of the ballot.
    Selection,
}

/// What a reader made of a sheet, or of a row of a results file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Who read it.
    pub reader: Reader,
    /// What was read.
    pub of: ReadingOf,
    /// The entry that this one supersedes.
    pub prev: Option<EntryIndex>,
    /// Which step of the reader got it, for the reader's own statistics.
    pub step: Option<Code>,
    /// Numbers, or why there are none.
    pub outcome: Outcome,
}

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingOf {
    /// The sheet of this entry.
    Sheet(EntryIndex),
    /// This line of the results file (from 1, the header is line 1).
    Row(u64),
}

/// The end of an attempt to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It worked.
    Numbers(Numbers),
    /// It did not, with a stable code such as `no-code-found`.
    Failure(Code),
}

/// The numbers of one contest at one station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// Of this contest.
    pub contest: ContestId,
    /// Of this station.
    pub station: StationId,
    /// What [`Numbers::votes`] counts.
    pub detail: Detail,
    /// In the order of the election file.
    pub votes: Vec<Cell>,
    /// Ballots for no candidate, by kind.
    pub other: BTreeMap<OtherId, Cell>,
    /// Totals that the source itself states.
    pub stated: Stated,
}

/// Totals as the source states them, kept apart from the sums that follow from its lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stated {
    /// Ballots cast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast: Option<Cell>,
    /// Registered voters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<Cell>,
    /// Valid votes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<Cell>,
}

impl Stated {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingFields<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contest: Option<Cow<'a, ContestId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    detail: Option<Detail>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Cow<'a, Code>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    other: Option<Cow<'a, BTreeMap<OtherId, Cell>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    prev: Option<EntryIndex>,
    reader: Cow<'a, Reader>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    row: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sheet: Option<EntryIndex>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stated: Option<Stated>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    station: Option<Cow<'a, StationId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step: Option<Cow<'a, Code>>,
    #[serde(rename = "type", default)]
    kind: ReadingKind,
    v: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    votes: Option<Cow<'a, [Cell]>>,
}

impl Serialize for Reading {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (numbers, failure) = match &self.outcome {
            Outcome::Numbers(numbers) => (Some(numbers), None),
            Outcome::Failure(code) => (None, Some(Cow::Borrowed(code))),
        };
        let (row, sheet) = match self.of {
            ReadingOf::Row(line) => (Some(line), None),
            ReadingOf::Sheet(sheet) => (None, Some(sheet)),
        };
        ReadingFields {
            contest: numbers.map(|numbers| Cow::Borrowed(&numbers.contest)),
            detail: numbers.map(|numbers| numbers.detail),
            failure,
            other: numbers.filter(|numbers| !numbers.other.is_empty()).map(|numbers| Cow::Borrowed(&numbers.other)),
            prev: self.prev,
            reader: Cow::Borrowed(&self.reader),
            row,
            sheet,
            stated: numbers.map(|numbers| numbers.stated).filter(|stated| !stated.is_empty()),
            station: numbers.map(|numbers| Cow::Borrowed(&numbers.station)),
            step: self.step.as_ref().map(Cow::Borrowed),
            kind: ReadingKind::Word,
            v: 1,
            votes: numbers.map(|numbers| Cow::Borrowed(numbers.votes.as_slice())),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Reading {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let fields = ReadingFields::deserialize(deserializer)?;
        let of = match (fields.sheet, fields.row) {
            (Some(sheet), None) => ReadingOf::Sheet(sheet),
            (None, Some(line)) => ReadingOf::Row(line),
            _ => return Err(Error::custom("a reading has either `sheet` or `row`")),
        };
        if matches!(*fields.reader, Reader::Published(_)) != matches!(of, ReadingOf::Row(_)) {
            return Err(Error::custom("a reading by a results file has `row`, every other has `sheet`"));
        }
        let outcome = match (fields.failure, fields.contest, fields.station, fields.detail, fields.votes) {
            (Some(_), None, None, None, None) if fields.prev.is_some() => {
                return Err(Error::custom("a failure to read supersedes nothing; leave `prev` out"));
            }
            (Some(code), None, None, None, None) => Outcome::Failure(code.into_owned()),
            (None, Some(contest), Some(station), Some(detail), Some(votes)) => Outcome::Numbers(Numbers {
                contest: contest.into_owned(),
                station: station.into_owned(),
                detail,
                votes: votes.into_owned(),
                other: fields.other.map(Cow::into_owned).unwrap_or_default(),
                stated: fields.stated.unwrap_or_default(),
            }),
            _ => {
                return Err(Error::custom(
                    "a reading has either `failure` alone or all of `contest`, `station`, `detail` and `votes`",
                ));
            }
        };
        Ok(Self {
            reader: fields.reader.into_owned(),
            of,
            prev: fields.prev,
            step: fields.step.map(Cow::into_owned),
            outcome,
        })
    }
}
