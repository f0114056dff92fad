//! What the text in a sheet's code means, as data of the pack: literal text, digits of the station's code, lists of
//! votes. Turns a payload into numbers, or says exactly where it stops being one of ours.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::cell::Cell;
use crate::definition::Definition;
use crate::entry::{Detail, Numbers, Stated};
use crate::identifier::{ContestId, IdentifierError, OtherId, StationId};
use crate::source::{Source, SourceError};

/// One payload form, checked against the election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grammar {
    /// Its id, for example `sheet-code`.
    pub id: String,
    station: Vec<Template>,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Template {
    Text(String),
    Name(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// This text, exactly.
    Literal(String),
    /// This many digits, kept under a name for the station's id.
    Digits { count: usize, name: String },
    /// The votes of a contest's selections, in ballot order.
    Votes { contest: ContestId, count: usize, separator: String },
    /// One count of ballots for no candidate.
    Other { contest: ContestId, other: OtherId },
    /// A total that the sheet states.
    Stated { contest: ContestId, total: StatedTotal },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StatedTotal {
    Valid,
    Cast,
    Registered,
}

/// Where and why a payload does not fit a grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Fixed text is missing.
    #[error("at character {at}: expected `{expected}`, found `{found}`")]
    Literal {
        /// From 1.
        at: usize,
        /// What the grammar has here.
        expected: String,
        /// The next few characters.
        found: String,
    },
    /// Digits of the station's code are missing.
    #[error("at character {at}: expected {count} digits of the station's code, found `{found}`")]
    Digits {
        /// From 1.
        at: usize,
        /// How many digits.
        count: usize,
        /// The next few characters.
        found: String,
    },
    /// A number is missing.
    #[error("at character {at}: expected a number, found `{found}`")]
    Number {
        /// From 1.
        at: usize,
        /// The next few characters.
        found: String,
    },
    /// A number is larger than any polling station.
    #[error("at character {at}: {found} is more votes than a station can have")]
    TooLarge {
        /// From 1.
        at: usize,
        /// The digits.
        found: String,
    },
    /// The list of votes is too short or too long.
    #[error("the list of votes for `{contest}` has {found} numbers; the ballot has {expected} lines")]
    CountOfVotes {
        /// Which contest.
        contest: ContestId,
        /// Lines of the ballot.
        expected: usize,
        /// Numbers in the payload.
        found: usize,
    },
    /// Something follows the end.
    #[error("at character {at}: the payload should end here, found `{found}`")]
    Trailing {
        /// From 1.
        at: usize,
        /// The next few characters.
        found: String,
    },
    /// The digits do not make a station id.
    #[error("the station's code is not usable: {0}")]
    Station(String),
    /// The pack has no grammar at all.
    #[error("the pack describes no payload")]
    NoGrammar,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrammarFile {
    id: Spanned<String>,
    station: Spanned<String>,
    parts: Vec<Spanned<PartFile>>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "write a text in quotes, { digits, name }, { votes }, { other }, or { stated }")]
enum PartFile {
    Literal(String),
    Digits {
        digits: usize,
        name: String,
    },
    Votes {
        votes: String,
        #[serde(default = "comma")]
        separator: String,
    },
    Other {
        other: String,
        contest: Option<String>,
    },
    Stated {
        stated: StatedTotal,
        contest: Option<String>,
    },
}

fn comma() -> String {
    ",".to_owned()
}

impl Grammar {
    pub(crate) fn check(source: &Source<'_>, raw: GrammarFile, definition: &Definition) -> Result<Self, SourceError> {
        let mut names = Vec::new();
        let mut contests = Vec::new();
        let mut parts = Vec::with_capacity(raw.parts.len());
        for spanned in raw.parts {
            let contest_of = |written: Option<&str>| {
                let found = match written {
                    Some(id) => definition.contests.iter().find(|contest| contest.id.as_str() == id),
                    None => definition.contests.first(),
                };
                found.ok_or_else(|| {
                    let id = written.unwrap_or_default();
                    source.at(&spanned, "payload.parts", format!("there is no contest `{id}` in the election file"))
                })
            };
            let part = match spanned.get_ref() {
                PartFile::Literal(text) => Part::Literal(text.clone()),
                PartFile::Digits { digits, name } => {
                    names.push(name.clone());
                    Part::Digits { count: *digits, name: name.clone() }
                }
                PartFile::Votes { votes, separator } => {
                    let contest = contest_of(Some(votes))?;
                    contests.push(contest.id.clone());
                    if separator.is_empty() || separator.bytes().any(|byte| byte.is_ascii_digit()) {
                        return Err(source.at(&spanned, "separator", "a separator is some text without digits"));
                    }
                    Part::Votes {
                        contest: contest.id.clone(),
                        count: contest.selections.len(),
                        separator: separator.clone(),
                    }
                }
                PartFile::Other { other, contest } => {
                    let contest = contest_of(contest.as_deref())?;
                    let other = contest.others.iter().find(|one| one.id.as_str() == other).ok_or_else(|| {
                        source.at(
                            &spanned,
                            "payload.parts",
                            format!("contest `{}` has no `{other}` in `others`", contest.id),
                        )
                    })?;
                    Part::Other { contest: contest.id.clone(), other: other.id.clone() }
                }
                PartFile::Stated { stated, contest } => {
                    Part::Stated { contest: contest_of(contest.as_deref())?.id.clone(), total: *stated }
                }
            };
            parts.push(part);
        }
        if contests.is_empty() {
            return Err(source.at(
                &raw.id,
                "payload.parts",
                "a payload needs at least one { votes = \"contest\" } part",
            ));
        }
        let station = parse_template(raw.station.get_ref(), &names)
            .map_err(|message| source.at(&raw.station, "payload.station", message))?;
        Ok(Self { id: raw.id.into_inner(), station, parts })
    }

    /// Reads one payload. One [`Numbers`] comes back for each contest that the payload holds, in the payload's order.
    ///
    /// # Errors
    /// Says where the payload leaves the grammar and what was expected there.
    pub fn read(&self, payload: &str) -> Result<Vec<Numbers>, PayloadError> {
        let mut rest = Rest { payload, at: 0 };
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        let mut order: Vec<&ContestId> = Vec::new();
        let mut votes: BTreeMap<&ContestId, Vec<Cell>> = BTreeMap::new();
        let mut others: BTreeMap<&ContestId, BTreeMap<OtherId, Cell>> = BTreeMap::new();
        let mut stated: BTreeMap<&ContestId, Stated> = BTreeMap::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => rest.literal(text)?,
                Part::Digits { count, name } => {
                    names.insert(name, rest.digits(*count)?);
                }
                Part::Votes { contest, count, separator } => {
                    order.push(contest);
                    votes.insert(contest, rest.votes(contest, *count, separator)?);
                }
                Part::Other { contest, other } => {
                    others.entry(contest).or_default().insert(other.clone(), rest.number()?);
                }
                Part::Stated { contest, total } => {
                    let number = rest.number()?;
                    let totals = stated.entry(contest).or_default();
                    match total {
                        StatedTotal::Valid => totals.valid = Some(number),
                        StatedTotal::Cast => totals.cast = Some(number),
                        StatedTotal::Registered => totals.registered = Some(number),
                    }
                }
            }
        }
        if !rest.text().is_empty() {
            return Err(PayloadError::Trailing { at: rest.at + 1, found: rest.next() });
        }
        let station =
            self.station(|name| names.get(name).copied()).map_err(|error| PayloadError::Station(error.to_string()))?;
        Ok(order
            .into_iter()
            .map(|contest| Numbers {
                contest: contest.clone(),
                station: station.clone(),
                detail: Detail::Selection,
                votes: votes.remove(contest).unwrap_or_default(),
                other: others.remove(contest).unwrap_or_default(),
                stated: stated.remove(contest).unwrap_or_default(),
            })
            .collect())
    }

    /// The named runs of digits that a payload has, in order, with their lengths.
    pub fn digits(&self) -> impl Iterator<Item = (&str, usize)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Digits { count, name } => Some((name.as_str(), *count)),
            _ => None,
        })
    }

    /// The id of the station whose payload has these digits, by the name of their run.
    ///
    /// # Errors
    /// When they make no station id.
    pub fn station<'a>(&self, digits: impl Fn(&str) -> Option<&'a str>) -> Result<StationId, IdentifierError> {
        let mut id = String::new();
        for piece in &self.station {
            match piece {
                Template::Text(text) => id.push_str(text),
                Template::Name(name) => id.push_str(digits(name).unwrap_or_default()),
            }
        }
        StationId::new(id)
    }

    /// Writes the payload of a sheet: the opposite of [`Grammar::read`], for rehearsals. `digits` gives the digits
    /// of each named piece, `numbers` the numbers per contest. `None` where something the grammar needs is missing.
    #[must_use]
    pub fn write(&self, digits: &BTreeMap<String, String>, numbers: &[Numbers]) -> Option<String> {
        let of = |contest: &ContestId| numbers.iter().find(|one| one.contest == *contest);
        let mut payload = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => payload.push_str(text),
                Part::Digits { count, name } => {
                    payload.push_str(digits.get(name).filter(|text| text.len() == *count)?);
                }
                Part::Votes { contest, separator, .. } => {
                    let cells = of(contest)?.votes.iter().map(|cell| cell.value().map(|value| value.to_string()));
                    payload.push_str(&cells.collect::<Option<Vec<_>>>()?.join(separator));
                }
                Part::Other { contest, other } => {
                    payload.push_str(&of(contest)?.other.get(other)?.value()?.to_string());
                }
                Part::Stated { contest, total } => {
                    let stated = &of(contest)?.stated;
                    let cell = match total {
                        StatedTotal::Valid => stated.valid,
                        StatedTotal::Cast => stated.cast,
                        StatedTotal::Registered => stated.registered,
                    };
                    payload.push_str(&cell?.value()?.to_string());
                }
            }
        }
        Some(payload)
    }
}

/// Tries a pack's grammars in order; the complaint is that of the grammar that got furthest.
///
/// # Errors
/// When no grammar accepts the payload.
pub fn read_payload(grammars: &[Grammar], payload: &str) -> Result<Vec<Numbers>, PayloadError> {
    let mut furthest: Option<PayloadError> = None;
    for grammar in grammars {
        match grammar.read(payload) {
            Ok(numbers) => return Ok(numbers),
            Err(error) if furthest.as_ref().is_none_or(|known| error.depth() > known.depth()) => {
                furthest = Some(error);
            }
            Err(_) => {}
        }
    }
    Err(furthest.unwrap_or(PayloadError::NoGrammar))
}

impl PayloadError {
    fn depth(&self) -> usize {
        match self {
            Self::Literal { at, .. }
            | Self::Digits { at, .. }
            | Self::Number { at, .. }
            | Self::TooLarge { at, .. }
            | Self::Trailing { at, .. } => *at,
            Self::CountOfVotes { .. } | Self::Station(_) => usize::MAX,
            Self::NoGrammar => 0,
        }
    }
}

fn parse_template(text: &str, names: &[String]) -> Result<Vec<Template>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').ok_or("a `{` has no `}`")? + open;
        let name = &rest[open + 1..close];
        if !names.iter().any(|known| known == name) {
            return Err(format!("no part is named `{name}`; name one with {{ digits = 9, name = \"{name}\" }}"));
        }
        if open > 0 {
            pieces.push(Template::Text(rest[..open].to_owned()));
        }
        pieces.push(Template::Name(name.to_owned()));
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Template::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// What of a payload has not been read yet.
struct Rest<'a> {
    payload: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn text(&self) -> &'a str {
        self.payload.get(self.at..).unwrap_or_default()
    }

    fn next(&self) -> String {
        self.text().chars().take(12).collect()
    }

    fn literal(&mut self, expected: &str) -> Result<(), PayloadError> {
        if self.text().starts_with(expected) {
            self.at += expected.len();
            return Ok(());
        }
        Err(PayloadError::Literal { at: self.at + 1, expected: expected.to_owned(), found: self.next() })
    }

    fn leading_digits(&self) -> &'a str {
        let text = self.text();
        let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
        &text[..end]
    }

    fn digits(&mut self, count: usize) -> Result<&'a str, PayloadError> {
        match self.leading_digits().get(..count) {
            Some(digits) => {
                self.at += count;
                Ok(digits)
            }
            None => Err(PayloadError::Digits { at: self.at + 1, count, found: self.next() }),
        }
    }

    fn number(&mut self) -> Result<Cell, PayloadError> {
        let digits = self.leading_digits();
        if digits.is_empty() {
            return Err(PayloadError::Number { at: self.at + 1, found: self.next() });
        }
        let value = digits
            .parse()
            .ok()
            .filter(|value| *value <= Cell::LARGEST)
            .ok_or_else(|| PayloadError::TooLarge { at: self.at + 1, found: digits.chars().take(24).collect() })?;
        self.at += digits.len();
        Ok(Cell::Value(value))
    }

    fn votes(&mut self, contest: &ContestId, expected: usize, separator: &str) -> Result<Vec<Cell>, PayloadError> {
        let mut cells = vec![self.number()?];
        while self.text().starts_with(separator) {
            self.at += separator.len();
            cells.push(self.number()?);
            if cells.len() > 100_000 {
                break;
            }
        }
        if cells.len() == expected {
            Ok(cells)
        } else {
            Err(PayloadError::CountOfVotes { contest: contest.clone(), expected, found: cells.len() })
        }
    }
}
