//! What an authority proclaimed, as data: a figure's source and its document stand by their hashes, so that no free text
//! gets into the ledger.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::OfficialKind;
use crate::identifier::{
    CandidateId, Code, ContestId, DocumentHash, EntryIndex, IdentifierError, LevelId, OtherId, UnitCode,
};

/// The figures of one bulletin for one contest in one place. All but contest, bulletin, source and document may be
/// missing: an authority may give only percentages, or only some candidates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OfficialEntry {
    /// When it was announced, as its source has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub announced: Option<Moment>,
    /// Which bulletin: its number or a short name.
    pub bulletin: BulletinId,
    /// Ballots cast.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cast: Option<u64>,
    /// The contest.
    pub contest: ContestId,
    /// How much of the place the figures cover, as stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    /// The stored document with the figures.
    pub document: DocumentHash,
    /// Ballots for no candidate, by their kind.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub other: BTreeMap<OtherId, u64>,
    /// Stated percentages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<Percentages>,
    /// The place; the whole where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The entry with the same place's earlier figures in this bulletin, which these take the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<EntryIndex>,
    /// Registered voters of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered: Option<u64>,
    /// Registered voters of the stations that are counted here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registered_counted: Option<u64>,
    /// Votes of all candidates that `votes` does not name, together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<u64>,
    /// A short word for who proclaimed it.
    pub source: Code,
    /// Stations of the place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stations: Option<u64>,
    /// Stations counted here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stations_counted: Option<u64>,
    /// Stated turnout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turnout: Option<StatedShare>,
    #[serde(rename = "type", default)]
    kind: OfficialKind,
    /// SHA-256 of each address under which the figures were found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<DocumentHash>,
    v: u64,
    /// Votes for candidates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<u64>,
    /// Votes by candidate.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub votes: BTreeMap<CandidateId, u64>,
}

impl OfficialEntry {
    /// So many addresses fit into one entry beside everything else.
    pub const MOST_URLS: usize = 16;

    /// A bulletin that says nothing yet.
    #[must_use]
    pub fn new(contest: ContestId, bulletin: BulletinId, source: Code, document: DocumentHash) -> Self {
        Self {
            announced: None,
            bulletin,
            cast: None,
            contest,
            coverage: None,
            document,
            other: BTreeMap::new(),
            percent: None,
            place: None,
            prev: None,
            registered: None,
            registered_counted: None,
            rest: None,
            source,
            stations: None,
            stations_counted: None,
            turnout: None,
            kind: OfficialKind::Word,
            urls: Vec::new(),
            v: 1,
            valid: None,
            votes: BTreeMap::new(),
        }
    }

    /// Whether it states any figure at all.
    #[must_use]
    pub fn states_something(&self) -> bool {
        let numbers = [self.cast, self.registered, self.registered_counted, self.rest, self.stations, self.valid];
        numbers.iter().chain([&self.stations_counted]).any(Option::is_some)
            || !(self.votes.is_empty() && self.other.is_empty())
            || self.percent.is_some()
            || self.turnout.is_some()
    }

    /// Whether two entries state the same, wherever they were found.
    #[must_use]
    pub fn states_the_same(&self, other: &Self) -> bool {
        let bare = |entry: &Self| Self {
            prev: None,
            urls: Vec::new(),
            document: DocumentHash::from_bytes([0; 32]),
            ..entry.clone()
        };
        bare(self) == bare(other)
    }

    /// Whether two entries speak of the same figures: one may supersede the other.
    #[must_use]
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        (&self.contest, &self.place, &self.bulletin, &self.source)
            == (&other.contest, &other.place, &other.bulletin, &other.source)
    }

    /// What the types alone do not say; a sentence for the first that is wrong.
    pub(super) fn fault(&self) -> Option<&'static str> {
        let percent = self.percent.as_ref();
        let shares = percent.into_iter().flat_map(|percent| percent.each.values().copied().chain(percent.rest));
        let decimals = percent.map_or(0, |percent| percent.decimals);
        let coverage = self.coverage.map(|coverage| (coverage.decimals, coverage.hundredths));
        let turnout = self.turnout.map(|share| (share.decimals, share.hundredths));
        let stated = shares.map(|hundredths| (decimals, hundredths)).chain(coverage).chain(turnout);
        if decimals > 2 || stated.into_iter().any(|(decimals, hundredths)| !is_stated(decimals, hundredths)) {
            return Some("a percentage has more decimals than it says, or more than 2");
        }
        match percent {
            Some(percent) if percent.each.is_empty() && percent.rest.is_none() => Some("`percent` says nothing"),
            _ => None,
        }
    }

    pub(super) fn largest_integer(&self) -> u64 {
        let optional = [
            self.cast,
            self.registered,
            self.registered_counted,
            self.rest,
            self.stations,
            self.stations_counted,
            self.valid,
            self.prev.map(|prev| prev.0),
        ];
        let counts = self.votes.values().chain(self.other.values()).copied();
        optional.into_iter().flatten().chain(counts).max().unwrap_or(0)
    }
}

fn is_stated(decimals: u8, hundredths: u32) -> bool {
    match decimals {
        0 => hundredths.is_multiple_of(100),
        1 => hundredths.is_multiple_of(10),
        decimals => decimals == 2,
    }
}

/// A place below the whole: a unit, or a station where the level is that of the stations.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Its official code.
    pub code: UnitCode,
    /// Its level.
    pub level: LevelId,
}

/// A percentage as stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatedShare {
    /// Decimals it was stated with, 0 to 2.
    pub decimals: u8,
    /// In hundredths of a percent.
    pub hundredths: u32,
}

/// How much of a place the figures cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Decimals it was stated with, 0 to 2.
    pub decimals: u8,
    /// In hundredths of a percent.
    pub hundredths: u32,
    /// Of what; missing where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<CoverageOf>,
}

/// What a stated coverage is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CoverageOf {
    /// Of the registered voters.
    Registered,
    /// Of the stations.
    Stations,
}

/// Stated percentages, all with the same decimals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Percentages {
    /// Decimals they were stated with, 0 to 2.
    pub decimals: u8,
    /// By candidate, in hundredths of a percent.
    pub each: BTreeMap<CandidateId, u32>,
    /// Of what; missing where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<PercentOf>,
    /// Of all other candidates together, in hundredths of a percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<u32>,
}

/// What candidates' percentages are shares of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PercentOf {
    /// Of the ballots cast.
    Cast,
    /// Of the votes for candidates.
    Valid,
}

/// A bulletin's number or short name: letters, digits, `.`, `-` and `_`, at most 64.
pub type BulletinId = crate::identifier::BulletinId;

/// `YYYY-MM-DD`, or `YYYY-MM-DDTHH:MM` in the time of the place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Moment(String);

impl Moment {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// When it is no date, or no date with a time.
    pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
        let text = text.into();
        if is_moment(text.as_bytes()) {
            return Ok(Self(text));
        }
        let reason = "YYYY-MM-DD or YYYY-MM-DDTHH:MM is expected";
        Err(IdentifierError { what: "date", text: text.chars().take(60).collect(), reason })
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The day, `YYYY-MM-DD`.
    #[must_use]
    pub fn day(&self) -> &str {
        self.0.get(..10).unwrap_or_default()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

fn is_moment(text: &[u8]) -> bool {
    let form: &[u8] = match text.len() {
        10 => b"0000-00-00",
        16 => b"0000-00-00T00:00",
        _ => return false,
    };
    let fits = |(byte, form): (&u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == form };
    let two = |at: usize| u32::from(text[at] - b'0') * 10 + u32::from(text[at + 1] - b'0');
    text.iter().zip(form).all(fits)
        && (1..=12).contains(&two(5))
        && (1..=31).contains(&two(8))
        && (text.len() == 10 || (two(11) < 24 && two(14) < 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_or_a_minute() {
        for good in ["2024-07-29", "2024-08-02T15:04", "2024-12-31T23:59"] {
            assert_eq!(Moment::new(good).unwrap().day(), &good[..10]);
        }
        for bad in ["", "2024-7-29", "2024-13-01", "2024-00-01", "2024-01-32", "2024-01-01T24:00", "2024-01-01 10:00"] {
            assert!(Moment::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn percentages_cannot_be_finer_than_their_decimals() {
        for (decimals, hundredths, good) in
            [(0, 8_000, true), (0, 8_010, false), (1, 5_120, true), (1, 5_195, false), (2, 5_195, true), (3, 0, false)]
        {
            assert_eq!(is_stated(decimals, hundredths), good, "{hundredths} with {decimals}");
        }
    }
}
