//! A note on the mirror that was published last: which program made it, and which list of files it has. A mirror with this very list, to be
//! brought up to date by this very program, need not be drawn again where nothing has changed. The note stays in the archive, where only
//! its owner writes; of a mirror, which anybody may have changed, nothing is believed that the list does not say.

use testigo_ledger::Hash;

use crate::error::ArchiveError;
use crate::files::{Visibility, read_if_there, replace};
use crate::reader::ArchiveReader;

/// The first line of the file.
const FIRST_LINE: &str = "testigo last mirror 1";

/// The mirror that was published last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastMirror {
    /// The hash of the program that made it.
    pub program: Hash,
    /// The hash of its signed list of files.
    pub manifest: Hash,
}

impl ArchiveReader {
    /// Which mirror of this archive was published last, as far as that was noted.
    pub fn last_mirror(&self) -> Result<Option<LastMirror>, ArchiveError> {
        let bytes = read_if_there(&self.layout().last_mirror())?.unwrap_or_default();
        let text = String::from_utf8(bytes).unwrap_or_default();
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Ok(None);
        }
        let mut hash = || lines.next()?.parse().ok();
        Ok(hash().zip(hash()).map(|(program, manifest)| LastMirror { program, manifest }))
    }

    /// Notes which mirror was published last.
    pub fn note_mirror(&self, mirror: &LastMirror) -> Result<(), ArchiveError> {
        let path = self.layout().last_mirror();
        let text = format!("{FIRST_LINE}\n{}\n{}\n", mirror.program, mirror.manifest);
        replace(&path, &path.with_extension("new"), text.as_bytes(), Visibility::Private)
    }
}
