//! What the archive needs of witnesses: the heads of this ledger that they remember, and their signatures under a new one.
//!
//! How they are reached is the business of whoever implements [`Witnesses`]. Their answers are not believed: a head that a witness shows counts
//! only if this ledger's own key signed it, and a cosignature only if it verifies.

use std::fmt;
use std::path::PathBuf;

use testigo_ledger::{
    Checkpoint, ConsistencyProof, Hash, KeyHistory, NoteSignature, Policy, SignedNote, TiledHashes, TreeSize,
};

use crate::error::ArchiveError;
use crate::files::{Visibility, read_if_there, replace};
use crate::layout::Layout;
use crate::writer::Archive;

/// A head that a witness remembers, as it showed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedHead {
    /// What the policy calls the witness.
    pub witness: String,
    /// The checkpoint with its signatures.
    pub note: Vec<u8>,
}

/// What came back when witnesses were asked to sign a head.
#[derive(Clone, Debug, Default)]
pub struct Cosigned {
    /// Signature lines.
    pub lines: Vec<NoteSignature>,
    /// What witnesses hold against the head: others of this ledger that it does not continue, as they say.
    pub objections: Vec<RememberedHead>,
}

/// Proves that a head continues the one of a smaller size; `None` if there is no such proof.
pub type Prove<'a> = dyn Fn(TreeSize) -> Option<ConsistencyProof> + Sync + 'a;

/// The witnesses of one ledger. An implementation gives up on a slow one after some seconds, so that it never holds the archive up for long.
pub trait Witnesses: fmt::Debug + Send + Sync {
    /// Which witnesses there are, and how many of them are enough.
    fn policy(&self) -> &Policy;

    /// The last heads of this ledger that witnesses remember. Those that do not answer are left out.
    fn latest(&self, origin: &str) -> Vec<RememberedHead>;

    /// Asks for signatures under a head. `known` is the size of the head that witnesses probably saw last.
    fn cosign(&self, head: &SignedNote, known: TreeSize, prove: &Prove<'_>) -> Cosigned;
}

impl Archive {
    /// Holds what witnesses remember against this archive. Refuses to go on where one remembers a head, signed by this ledger's key, that this
    /// archive does not lead to: an older copy was put back everywhere else, or someone else has the key.
    pub(crate) fn check_witnesses(&self, published: &Checkpoint, size: TreeSize) -> Result<(), ArchiveError> {
        let Some(witnesses) = &self.signer.witnesses else {
            return Ok(());
        };
        for remembered in witnesses.latest(self.keys.origin()) {
            self.check_remembered(&remembered, published, size)?;
        }
        Ok(())
    }

    fn check_remembered(
        &self,
        remembered: &RememberedHead,
        published: &Checkpoint,
        size: TreeSize,
    ) -> Result<(), ArchiveError> {
        // Whatever this ledger's key did not sign is the witness's own affair.
        let Some(head) = opened_by_any(&self.keys, &remembered.note) else {
            return Ok(());
        };
        let witness = remembered.witness.clone();
        if head.size > size {
            return Err(ArchiveError::WitnessAhead { witness, known: head.size, found: size });
        }
        let found = self.root_at(head.size, published)?;
        if found == head.root {
            return Ok(());
        }
        Err(ArchiveError::WitnessForked { witness, size: head.size, expected: head.root, found })
    }

    /// The root of the first entries, published or not.
    fn root_at(&self, size: TreeSize, published: &Checkpoint) -> Result<Hash, ArchiveError> {
        if size <= published.size {
            let tiles = TiledHashes::new(&self.layout, published.size);
            return tiles.root_at(size).map_err(|source| self.tiles_failed(source.into()));
        }
        let mut appender = self.resume(published)?;
        while appender.size() < size {
            for entry in &self.waiting(appender.size(), size)? {
                self.push(&mut appender, &entry.bytes)?;
            }
            appender.take_completed();
        }
        Ok(appender.root())
    }

    fn tiles_failed(&self, source: testigo_ledger::ResumeError<ArchiveError>) -> ArchiveError {
        ArchiveError::Ledger { path: self.layout.ledger(), source: Box::new(source) }
    }

    /// Puts the signatures of witnesses below a head that was just signed. Where there are too few the head is published all the same, and
    /// everybody sees that it is unwitnessed; where a witness shows that this ledger's key signed something else, it is not published.
    pub(crate) fn gather(
        &self,
        note: SignedNote,
        old: &Checkpoint,
        new: &Checkpoint,
    ) -> Result<SignedNote, ArchiveError> {
        let Some(witnesses) = &self.signer.witnesses else {
            return Ok(note);
        };
        let layout = &self.layout;
        let prove = |from: TreeSize| {
            let tiles = TiledHashes::new(layout, new.size);
            ConsistencyProof::prove(&tiles, from, new.size).ok()
        };
        let cosigned = witnesses.cosign(&note, old.size, &prove);
        for objection in &cosigned.objections {
            self.check_remembered(objection, new, new.size)?;
        }
        Ok(with_lines(note, cosigned.lines, witnesses.policy()))
    }

    /// Asks again for a head that was published with too few signatures.
    pub(crate) fn complete(&self, head: &Checkpoint) -> Result<(), ArchiveError> {
        let Some(witnesses) = &self.signer.witnesses else {
            return Ok(());
        };
        self.write_policy()?;
        let path = self.layout.checkpoint();
        let checkpoint = |source| ArchiveError::Checkpoint { path: path.clone(), source };
        let note = SignedNote::parse(&read_if_there(&path)?.unwrap_or_default())
            .map_err(|source| checkpoint(source.into()))?;
        if witnesses.policy().witnessing(&note).is_ok_and(|witnessing| witnessing.quorum) {
            return Ok(());
        }
        let gathered = self.gather(note.clone(), head, head)?;
        if gathered != note {
            self.write_head(head.size, &gathered)?;
        }
        Ok(())
    }

    /// Puts a signed head in its places.
    pub(crate) fn write_head(&self, size: TreeSize, note: &SignedNote) -> Result<(), ArchiveError> {
        let temporary = self.layout.incoming().join("checkpoint");
        for path in [self.layout.checkpoint_of(size), self.layout.checkpoint()] {
            replace(&path, &temporary, note.to_string().as_bytes(), Visibility::Public)?;
        }
        Ok(())
    }

    /// Publishes the policy by which this archive asks witnesses, so that readers can say which heads it calls witnessed.
    pub(crate) fn write_policy(&self) -> Result<(), ArchiveError> {
        let Some(witnesses) = &self.signer.witnesses else {
            return Ok(());
        };
        let (path, text) = (self.layout.policy(), witnesses.policy().text().as_bytes());
        if read_if_there(&path)?.is_some_and(|known| known == text) {
            return Ok(());
        }
        replace(&path, &self.layout.incoming().join("policy"), text, Visibility::Public)
    }
}

/// A head that any of the ledger's keys signed, also at a size at which it should not have: a witness that shows one has a reason to object.
fn opened_by_any(keys: &KeyHistory, note: &[u8]) -> Option<Checkpoint> {
    let note = SignedNote::parse(note).ok()?;
    keys.keys().find_map(|key| Checkpoint::from_note(&note, key).ok())
}

/// Only what verifies is taken: one wrong line of a known witness would spoil the note.
fn with_lines(note: SignedNote, lines: Vec<NoteSignature>, policy: &Policy) -> SignedNote {
    let mut whole = note;
    for line in lines {
        let mut tried = whole.clone();
        let known = policy.witnesses().iter().any(|one| one.key.name() == line.name && one.key.id() == line.key_id);
        if known && tried.add([line]).is_ok() && policy.witnessing(&tried).is_ok() {
            whole = tried;
        }
    }
    whole
}

/// The policy file of an archive, if it has one that can be read.
pub(crate) fn read_policy(layout: &Layout) -> Result<Option<Policy>, ArchiveError> {
    let path: PathBuf = layout.policy();
    let Some(bytes) = read_if_there(&path)? else {
        return Ok(None);
    };
    Policy::parse(&bytes).map(Some).map_err(|source| ArchiveError::PolicyInvalid { path, source })
}
