//! The steps of an audit, in the order in which they must be taken: the list, then the public seed, then what people found.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::AuditKind;
use crate::cell::Cell;
use crate::identifier::{ContestId, DocumentHash, EntryIndex, IdentifierError, OtherId, StationId};

/// One step of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditEntry {
    /// The record that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<EntryIndex>,
    /// What is done.
    pub step: AuditStep,
    #[serde(rename = "type", default)]
    kind: AuditKind,
    v: u64,
}

impl AuditEntry {
    /// A step; `prev` only for a corrected record.
    #[must_use]
    pub fn new(step: AuditStep, prev: Option<EntryIndex>) -> Self {
        Self { prev, step, kind: AuditKind::Word, v: 1 }
    }

    /// What the types alone do not say; a sentence for the first that is wrong.
    pub(super) fn fault(&self) -> Option<&'static str> {
        match &self.step {
            AuditStep::List { .. } | AuditStep::Seed { .. } if self.prev.is_some() => {
                Some("only a record has a `prev`")
            }
            AuditStep::Record { found: None, other, .. } if !other.is_empty() => {
                Some("where nothing was found to compare, there is no `other`")
            }
            _ => None,
        }
    }

    pub(super) fn largest_integer(&self) -> u64 {
        let of = match &self.step {
            AuditStep::List { after, .. } => after.map_or(0, |after| after.0),
            AuditStep::Seed { list, .. } | AuditStep::Record { list, .. } => list.0,
        };
        of.max(self.prev.map_or(0, |prev| prev.0))
    }
}

/// What is done in a step. The tag sorts before all other fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "act", deny_unknown_fields)]
pub enum AuditStep {
    /// The list to draw from, fixed before anybody knows the seed.
    List {
        /// An earlier list of the contest that this one adds late stations to; its seed goes on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<EntryIndex>,
        /// The contest.
        contest: ContestId,
        /// Stations with the numbers that are audited.
        document: DocumentHash,
    },
    /// The seed, from dice thrown in public after the list's hash was.
    Seed {
        /// The list's entry.
        list: EntryIndex,
        /// The digits.
        seed: Seed,
    },
    /// What people found at a station that was drawn.
    Record {
        /// What the archive's numbers were compared with.
        against: Against,
        /// Votes by candidate in the order of the election file; missing where there was nothing to compare.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        found: Option<Vec<Cell>>,
        /// The list's entry.
        list: EntryIndex,
        /// Ballots for no candidate, by their kind.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        other: BTreeMap<OtherId, Cell>,
        /// The station.
        station: StationId,
    },
}

/// What people compared the list's numbers with. An audit of a transcription is not one of a proclamation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// The archive's picture of the sheet, read again.
    Archive,
    /// The figure that the authority published for the station.
    Official,
    /// The paper sheet.
    Paper,
}

impl Against {
    /// The word in entries and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Official => "official",
            Self::Paper => "paper",
        }
    }
}

/// 1 to 64 decimal digits, zeros in front kept: they are hashed as they stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Seed(String);

impl Seed {
    /// Takes the digits as they are.
    ///
    /// # Errors
    /// When there are none, too many, or something else.
    pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
        let text = text.into();
        if (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(Self(text));
        }
        let reason = "1 to 64 decimal digits are expected, as the dice fell";
        Err(IdentifierError { what: "seed", text: text.chars().take(60).collect(), reason })
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
