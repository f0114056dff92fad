//! Pictures on their way through the ledger: their arrival, and what is hidden of them later.

use serde::{Deserialize, Serialize};

use super::{IntakeKind, MaskKind, SourceClass};
use crate::identifier::{Code, DocumentHash, EntryIndex};

/// A batch of salted commitments to pictures that arrived, as it was written before pixels were committed to: version 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntakeEntry {
    /// One for each picture.
    pub commitments: Vec<DocumentHash>,
    /// Where they came from.
    pub source: SourceClass,
    /// Seconds since 1970, rounded down to ten minutes: the only time in the ledger.
    pub time: u64,
    #[serde(rename = "type", default)]
    kind: IntakeKind,
    v: u64,
}

impl IntakeEntry {
    /// `seconds` are rounded down to ten minutes here, so that no caller can forget it.
    #[must_use]
    pub fn new(commitments: Vec<DocumentHash>, source: SourceClass, seconds: u64) -> Self {
        Self { commitments, source, time: seconds - seconds % 600, kind: IntakeKind::Word, v: 1 }
    }
}

/// A batch of pictures that arrived, each with a commitment to its bytes and one to its pixels: version 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PictureIntakeEntry {
    /// Each picture.
    pub pictures: Vec<CommittedPicture>,
    /// Where they came from.
    pub source: SourceClass,
    /// Seconds since 1970, rounded down to ten minutes: the only time in the ledger.
    pub time: u64,
    #[serde(rename = "type", default)]
    kind: IntakeKind,
    v: u64,
}

/// What is said of a picture on its arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommittedPicture {
    /// Salted commitment to the original bytes.
    pub original: DocumentHash,
    /// Salted commitment to the pixels.
    pub pixels: DocumentHash,
}

impl PictureIntakeEntry {
    /// So many pictures fit below [`super::LONGEST_ENTRY`].
    pub const LARGEST_BATCH: usize = 50;

    /// `seconds` are rounded down to ten minutes here, so that no caller can forget it.
    #[must_use]
    pub fn new(pictures: Vec<CommittedPicture>, source: SourceClass, seconds: u64) -> Self {
        Self { pictures, source, time: seconds - seconds % 600, kind: IntakeKind::Word, v: 2 }
    }
}

/// Another picture takes the place of a page's: the same pixels with more or less hidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaskEntry {
    /// Hidden rectangles `[left, top, right, bottom]` in pixels of the rendition.
    pub masked: Vec<[u32; 4]>,
    /// Which of the sheet's pages, from 0.
    pub page: u32,
    /// The mask that this one supersedes; none where the page still shows what its `sheet` entry says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prev: Option<EntryIndex>,
    /// Why; no free text.
    pub reason: Code,
    /// Hash of the picture that is published from now on.
    pub rendition: DocumentHash,
    /// The sheet's entry.
    pub sheet: EntryIndex,
    #[serde(rename = "type", default)]
    kind: MaskKind,
    v: u64,
}

impl MaskEntry {
    /// A mask of a sheet's page (from 0).
    #[must_use]
    pub fn new(
        sheet: EntryIndex,
        page: u32,
        masked: Vec<[u32; 4]>,
        rendition: DocumentHash,
        reason: Code,
        prev: Option<EntryIndex>,
    ) -> Self {
        Self { masked, page, prev, reason, rendition, sheet, kind: MaskKind::Word, v: 1 }
    }
}
