//! The entries of the ledger: what each may say, and the one way in which it is written.
//!
//! An entry is one JSON object in canonical form (RFC 8785: keys sorted, no spaces, integers below 2^53, no nulls, no
//! key twice). A parser that re-serialises what it understood and compares the bytes refuses everything else, so two
//! programs can never read different things from the same entry. Field order below is therefore alphabetical.
//! `docs/ledger-format.md` specifies the same for other languages.

mod audit;
mod ledger;
mod official;
mod picture;
mod reading;
mod ruling;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identifier::{DocumentHash, EntryIndex};
use crate::pack::CountingRule;

pub use self::audit::{Against, AuditEntry, AuditStep, Seed};
pub use self::ledger::{AnchorEntry, AnchorKind, KeyChange, KeyChangeEntry};
pub use self::official::{
    BulletinId, Coverage, CoverageOf, Moment, OfficialEntry, PercentOf, Percentages, Place, StatedShare,
};
pub use self::picture::{CommittedPicture, IntakeEntry, MaskEntry, PictureIntakeEntry};
pub use self::reading::{Detail, Numbers, Outcome, Reader, Reading, ReadingOf, Stated};
pub use self::ruling::{Decision, KeyEntry, KeyRole, RulingEntry, RulingSignature};

/// An entry may not be longer than this; anything longer is a document named by its hash.
pub const LONGEST_ENTRY: usize = 8_000;

/// Largest number that every JSON reader keeps exactly (2^53 - 1).
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// One public fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Entry 0: what the ledger is about.
    Election(ElectionEntry),
    /// Stations added after entry 0.
    Register(RegisterEntry),
    /// Captured pictures arrived; logged before anybody looked at them. Version 1: without a commitment to pixels.
    Intake(IntakeEntry),
    /// The same in version 2: with one.
    PictureIntake(PictureIntakeEntry),
    /// A captured sheet with what is published of it.
    Sheet(SheetEntry),
    /// More or less is hidden of a sheet's picture from now on.
    Mask(MaskEntry),
    /// Numbers (or the failure to get any) by one reader.
    Reading(Reading),
    /// An adjudicator's signed decision.
    Ruling(RulingEntry),
    /// An adjudicator's public key.
    Key(KeyEntry),
    /// Figures that an authority proclaimed.
    Official(Box<OfficialEntry>),
    /// A step of an audit.
    Audit(AuditEntry),
    /// A change of the ledger's or of an adjudicator's key: `key` in version 2.
    KeyChange(KeyChangeEntry),
    /// A stamp over an earlier head.
    Anchor(AnchorEntry),
}

/// Why bytes are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Longer than [`LONGEST_ENTRY`].
    #[error("the entry has {0} bytes; at most {LONGEST_ENTRY} are allowed")]
    TooLong(usize),
    /// Not JSON, or fields missing, unknown or of the wrong kind.
    #[error("the entry cannot be read: {0}")]
    Malformed(String),
    /// A `type` that this version does not know.
    #[error("the entry is of the unknown type `{0}`; a newer program is needed to read this ledger")]
    UnknownType(String),
    /// A `v` that this version does not know.
    #[error(
        "the entry is of type `{kind}` in the unknown version {version}; a newer program is needed to read this ledger"
    )]
    UnknownVersion {
        /// Its type.
        kind: String,
        /// Its version.
        version: u64,
    },
    /// Not the canonical form of what it says.
    #[error("the entry is not in canonical form: byte {at} differs from its own re-serialisation")]
    NotCanonical {
        /// First differing byte, from 0.
        at: usize,
    },
}

macro_rules! entry_kind {
    ($name:ident, $word:literal) => {
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        enum $name {
            #[default]
            #[serde(rename = $word)]
            Word,
        }
    };
}

entry_kind!(ElectionKind, "election");
entry_kind!(RegisterKind, "register");
entry_kind!(IntakeKind, "intake");
entry_kind!(SheetKind, "sheet");
entry_kind!(MaskKind, "mask");
entry_kind!(ReadingKind, "reading");
entry_kind!(RulingKind, "ruling");
entry_kind!(KeyKind, "key");
entry_kind!(OfficialKind, "official");
entry_kind!(AuditKind, "audit");
entry_kind!(AnchorWord, "anchor");

/// Entry 0. Everything else in the ledger is read in its light.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElectionEntry {
    /// When numbers count.
    pub counting: CountingRule,
    /// Hash of the election file.
    pub definition: DocumentHash,
    /// The ledger's origin, as in its checkpoints.
    pub origin: String,
    /// Hash of the pack file.
    pub pack: DocumentHash,
    /// Version of each machine reader, by its name.
    pub readers: BTreeMap<String, String>,
    /// Hash of the register.
    pub register: DocumentHash,
    /// Where the register's list comes from.
    pub register_origin: RegisterOrigin,
    #[serde(rename = "type", default)]
    kind: ElectionKind,
    v: u64,
}

impl ElectionEntry {
    /// All of entry 0.
    #[must_use]
    pub fn new(
        origin: String,
        definition: DocumentHash,
        pack: DocumentHash,
        register: (DocumentHash, RegisterOrigin),
        counting: CountingRule,
        readers: BTreeMap<String, String>,
    ) -> Self {
        let (register, register_origin) = register;
        Self { counting, definition, origin, pack, readers, register, register_origin, kind: ElectionKind::Word, v: 1 }
    }
}

/// Where a list of stations comes from. A list made from results cannot show what is missing, so pages say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegisterOrigin {
    /// A list made before the count.
    List,
    /// Rows of a results file.
    Results,
}

/// Stations that were added after entry 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterEntry {
    /// Hash of the added part, a register file of its own.
    pub document: DocumentHash,
    /// Where this part comes from.
    pub origin: RegisterOrigin,
    #[serde(rename = "type", default)]
    kind: RegisterKind,
    v: u64,
}

impl RegisterEntry {
    /// Adds the stations of this document.
    #[must_use]
    pub fn new(document: DocumentHash, origin: RegisterOrigin) -> Self {
        Self { document, origin, kind: RegisterKind::Word, v: 1 }
    }
}

/// Where a sheet came from, set when it arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceClass {
    /// The payload carries a valid signature of its station's key.
    Signed,
    /// The organiser's import or an invited sender.
    Custody,
    /// Anyone.
    Public,
}

impl SourceClass {
    const ALL: [Self; 3] = [Self::Signed, Self::Custody, Self::Public];

    /// Its byte in a snapshot.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Signed => 0,
            Self::Custody => 1,
            Self::Public => 2,
        }
    }

    /// The opposite of [`SourceClass::number`].
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The word in entries, on the command line and in the API.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Signed => "signed",
            Self::Custody => "custody",
            Self::Public => "public",
        }
    }
}

/// A captured sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SheetEntry {
    /// The intake entry that holds the commitments.
    pub intake: EntryIndex,
    /// Its pictures in order, at least one.
    pub pages: Vec<Page>,
    #[serde(rename = "type", default)]
    kind: SheetKind,
    v: u64,
}

impl SheetEntry {
    /// A sheet of these pictures.
    #[must_use]
    pub fn new(intake: EntryIndex, pages: Vec<Page>) -> Self {
        Self { intake, pages, kind: SheetKind::Word, v: 1 }
    }
}

/// One picture of a sheet, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// Salted commitment to the original bytes; also in the intake entry.
    pub commitment: DocumentHash,
    /// Pixels.
    pub height: u32,
    /// Hidden rectangles `[left, top, right, bottom]` in pixels of the rendition.
    pub masked: Vec<[u32; 4]>,
    /// `jpg` or `png`.
    pub media: String,
    /// Hash of the published picture.
    pub rendition: DocumentHash,
    /// Pixels.
    pub width: u32,
}

/// Only what is needed to choose how to read the rest.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    v: u64,
}

impl Entry {
    /// Reads an entry and makes sure that these bytes are the only way to write it.
    ///
    /// # Errors
    /// See [`EntryError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        if bytes.len() > LONGEST_ENTRY {
            return Err(EntryError::TooLong(bytes.len()));
        }
        if let Some(reading) = Self::parse_reading(bytes) {
            return Ok(reading);
        }
        let malformed = |error: serde_json::Error| EntryError::Malformed(error.to_string());
        let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(malformed)?;
        let entry = match (envelope.kind.as_ref(), envelope.v) {
            ("election", 1) => Self::Election(serde_json::from_slice(bytes).map_err(malformed)?),
            ("register", 1) => Self::Register(serde_json::from_slice(bytes).map_err(malformed)?),
            ("intake", 1) => Self::Intake(serde_json::from_slice(bytes).map_err(malformed)?),
            ("intake", 2) => Self::PictureIntake(serde_json::from_slice(bytes).map_err(malformed)?),
            ("sheet", 1) => Self::Sheet(serde_json::from_slice(bytes).map_err(malformed)?),
            ("mask", 1) => Self::Mask(serde_json::from_slice(bytes).map_err(malformed)?),
            ("reading", 1) => Self::Reading(serde_json::from_slice(bytes).map_err(malformed)?),
            ("ruling", 1) => Self::Ruling(serde_json::from_slice(bytes).map_err(malformed)?),
            ("key", 1) => Self::Key(serde_json::from_slice(bytes).map_err(malformed)?),
            ("key", KeyChangeEntry::VERSION) => Self::KeyChange(serde_json::from_slice(bytes).map_err(malformed)?),
            ("official", 1) => Self::Official(serde_json::from_slice(bytes).map_err(malformed)?),
            ("audit", 1) => Self::Audit(serde_json::from_slice(bytes).map_err(malformed)?),
            ("anchor", 1) => Self::Anchor(serde_json::from_slice(bytes).map_err(malformed)?),
            (
                "election" | "register" | "intake" | "sheet" | "mask" | "reading" | "ruling" | "key" | "official"
                | "audit" | "anchor",
                version,
            ) => {
                return Err(EntryError::UnknownVersion { kind: envelope.kind.into_owned(), version });
            }
            (unknown, _) => return Err(EntryError::UnknownType(unknown.to_owned())),
        };
        entry.check()?;
        let again = entry.to_bytes()?;
        if again != bytes {
            let at = again.iter().zip(bytes).position(|(one, other)| one != other);
            return Err(EntryError::NotCanonical { at: at.unwrap_or_else(|| again.len().min(bytes.len())) });
        }
        Ok(entry)
    }

    /// Most entries are readings with numbers, and nothing else begins like one. What re-serialises to the same bytes
    /// has the right type and version, too; for what does not, [`Entry::parse`] finds out what is wrong.
    fn parse_reading(bytes: &[u8]) -> Option<Self> {
        if !bytes.starts_with(b"{\"contest\":") {
            return None;
        }
        let entry = Self::Reading(serde_json::from_slice(bytes).ok()?);
        (entry.to_bytes().ok()? == bytes).then_some(entry)
    }

    /// What the types alone do not say.
    fn check(&self) -> Result<(), EntryError> {
        let wrong = match self {
            Self::Election(entry) if entry.counting.signatures == 0 => "`counting.signatures` must be at least 1",
            Self::Election(entry) if entry.counting.people == 1 => "`counting.people` must be 0 (never) or at least 2",
            Self::Intake(IntakeEntry { time, .. }) | Self::PictureIntake(PictureIntakeEntry { time, .. })
                if time % 600 != 0 =>
            {
                "`time` must be rounded down to ten minutes"
            }
            Self::Official(entry) => match entry.fault() {
                Some(fault) => fault,
                None => return Ok(()),
            },
            Self::Audit(entry) => match entry.fault() {
                Some(fault) => fault,
                None => return Ok(()),
            },
            _ => return Ok(()),
        };
        Err(EntryError::Malformed(wrong.to_owned()))
    }

    /// The entry's bytes, the only ones there are.
    ///
    /// # Errors
    /// When it is too long or holds an integer that JSON readers could round.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        if self.largest_integer() > LARGEST_INTEGER {
            return Err(EntryError::Malformed("an integer is not below 2^53".to_owned()));
        }
        let bytes = match self {
            Self::Election(entry) => canonical(entry),
            Self::Register(entry) => canonical(entry),
            Self::Intake(entry) => canonical(entry),
            Self::PictureIntake(entry) => canonical(entry),
            Self::Sheet(entry) => canonical(entry),
            Self::Mask(entry) => canonical(entry),
            Self::Reading(entry) => canonical(entry),
            Self::Ruling(entry) => canonical(entry),
            Self::Key(entry) => canonical(entry),
            Self::Official(entry) => canonical(entry),
            Self::Audit(entry) => canonical(entry),
            Self::KeyChange(entry) => canonical(entry),
            Self::Anchor(entry) => canonical(entry),
        }?;
        if bytes.len() > LONGEST_ENTRY {
            return Err(EntryError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }

    /// The documents that it names: all of them are public.
    #[must_use]
    pub fn documents(&self) -> Vec<DocumentHash> {
        match self {
            Self::Election(entry) => vec![entry.definition, entry.pack, entry.register],
            Self::Register(entry) => vec![entry.document],
            Self::Reading(Reading { reader: Reader::Published(file), .. }) => vec![*file],
            Self::Official(entry) => vec![entry.document],
            Self::Audit(entry) => match &entry.step {
                AuditStep::List { document, .. } => vec![*document],
                _ => Vec::new(),
            },
            Self::Anchor(entry) => vec![entry.document],
            Self::Intake(_)
            | Self::PictureIntake(_)
            | Self::Sheet(_)
            | Self::Mask(_)
            | Self::Reading(_)
            | Self::Ruling(_)
            | Self::Key(_)
            | Self::KeyChange(_) => Vec::new(),
        }
    }

    /// The largest integer that is not bounded by its own type.
    fn largest_integer(&self) -> u64 {
        match self {
            Self::Election(_) | Self::Register(_) | Self::Key(_) | Self::KeyChange(_) => 0,
            Self::Anchor(entry) => entry.size,
            Self::Intake(IntakeEntry { time, .. }) | Self::PictureIntake(PictureIntakeEntry { time, .. }) => *time,
            Self::Official(entry) => entry.largest_integer(),
            Self::Audit(entry) => entry.largest_integer(),
            Self::Sheet(entry) => entry.intake.0,
            Self::Mask(entry) => entry.sheet.0.max(entry.prev.map_or(0, |prev| prev.0)),
            Self::Reading(reading) => {
                let of = match reading.of {
                    ReadingOf::Sheet(EntryIndex(index)) | ReadingOf::Row(index) => index,
                };
                of.max(reading.prev.map_or(0, |prev| prev.0))
            }
            Self::Ruling(ruling) => {
                let of = match &ruling.decision {
                    Decision::AcceptReading { reading: index }
                    | Decision::RejectSheet { sheet: index }
                    | Decision::MoveSheet { sheet: index, .. }
                    | Decision::WithholdSheet { sheet: index } => index.0,
                    Decision::NotInstalled { .. } | Decision::Withdraw => 0,
                };
                of.max(ruling.prev.map_or(0, |prev| prev.0))
            }
        }
    }
}

/// Writes a value whose fields are declared in alphabetical order; the tests hold every entry type against a
/// sorting writer.
fn canonical(value: &impl Serialize) -> Result<Vec<u8>, EntryError> {
    let mut bytes = Vec::with_capacity(512);
    serde_json::to_writer(&mut bytes, value).map_err(|error| EntryError::Malformed(error.to_string()))?;
    Ok(bytes)
}
