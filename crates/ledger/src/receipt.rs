//! Receipts: one file that shows, without asking anybody, that an entry is in the ledger and who has seen it there (tlog-proof).
//!
//! A receipt proves the bytes of an entry that the holder has. It says nothing about what the entry means.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::hash::Hash;
use crate::key_history::KeyHistory;
use crate::note::SignedNote;
use crate::policy::{Distrusted, Policy, Witnessing};
use crate::position::EntryIndex;
use crate::proof::{InclusionProof, ProofError};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Inclusion proofs are never longer than the height of the largest tree.
const LONGEST_PROOF: usize = 64;
/// Receipts longer than this are refused, in bytes.
const LONGEST_RECEIPT: usize = 2 << 20;

/// A receipt as it was read; nothing of it is believed before it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What an application put there. Nobody vouches for it: it is covered by no signature.
    pub extra: Option<Vec<u8>>,
    /// Where the entry stands.
    pub index: EntryIndex,
    /// The way from the entry to the root.
    pub proof: InclusionProof,
    /// The signed head, with all its signatures.
    pub checkpoint: SignedNote,
}

/// Why a text is not a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptError {
    /// Not UTF-8, or far too long.
    #[error("the receipt is not a text of at most {LONGEST_RECEIPT} bytes")]
    NotText,
    /// A line is not what stands at its place.
    #[error("line {line} of the receipt: {expected} is expected")]
    Line {
        /// Counted from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// What follows the blank line is no note.
    #[error("the receipt's checkpoint: {0}")]
    Checkpoint(#[from] crate::note::NoteError),
}

/// Why a receipt shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReceiptFault {
    /// The head is not signed as it must be.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The policy does not believe the head.
    #[error(transparent)]
    Distrusted(#[from] Distrusted),
    /// The entry is not what the head covers.
    #[error("the entry is not in the ledger at {index}, or its bytes were changed: {cause}")]
    Entry {
        /// Where it should be.
        index: EntryIndex,
        /// What the proof says.
        cause: ProofError,
    },
}

impl Receipt {
    /// Reads a receipt.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST_RECEIPT);
        text.ok_or(ReceiptError::NotText)?.parse()
    }

    /// Checks the receipt for these bytes against the ledger's keys: the head must be signed by the key that was in force at its size.
    pub fn check(&self, entry: &[u8], keys: &KeyHistory) -> Result<Checkpoint, ReceiptFault> {
        let checkpoint = keys.open_note(&self.checkpoint)?;
        self.check_entry(entry, &checkpoint)?;
        Ok(checkpoint)
    }

    /// Checks the receipt for these bytes against a policy, and says who has seen the head.
    pub fn check_with_policy(&self, entry: &[u8], policy: &Policy) -> Result<(Checkpoint, Witnessing), ReceiptFault> {
        let (checkpoint, witnessing) = policy.open(self.checkpoint.to_string().as_bytes())?;
        self.check_entry(entry, &checkpoint)?;
        Ok((checkpoint, witnessing))
    }

    fn check_entry(&self, entry: &[u8], checkpoint: &Checkpoint) -> Result<(), ReceiptFault> {
        self.proof
            .check(entry, self.index, checkpoint.size, &checkpoint.root)
            .map_err(|cause| ReceiptFault::Entry { index: self.index, cause })
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(formatter, "extra {}", BASE64.encode(extra))?;
        }
        writeln!(formatter, "index {}", self.index)?;
        self.proof.0.iter().try_for_each(|hash| writeln!(formatter, "{}", BASE64.encode(hash.0)))?;
        write!(formatter, "\n{}", self.checkpoint)
    }
}

impl FromStr for Receipt {
    type Err = ReceiptError;

    fn from_str(text: &str) -> Result<Self, ReceiptError> {
        let mut number = 0;
        let mut rest = text;
        let mut next = |expected| {
            number += 1;
            let wrong = ReceiptError::Line { line: number, expected };
            rest.split_once('\n')
                .map(|(line, after)| {
                    rest = after;
                    (line, after, wrong.clone())
                })
                .ok_or(wrong)
        };
        let (header, _, wrong) = next("`c2sp.org/tlog-proof@v1`")?;
        if header != HEADER {
            return Err(wrong);
        }
        const INDEX: &str = "`index` and the entry's number";
        let (mut line, _, mut wrong) = next(INDEX)?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            let expected = "`extra` and base64";
            extra = Some(BASE64.decode(encoded).map_err(|_| ReceiptError::Line { line: 2, expected })?);
            (line, _, wrong) = next(INDEX)?;
        }
        let index = line.strip_prefix("index ").and_then(parse_number).map(EntryIndex).ok_or(wrong)?;
        let mut proof = Vec::new();
        loop {
            let (line, after, wrong) = next("a hash in base64, or an empty line")?;
            if line.is_empty() {
                let checkpoint = SignedNote::parse(after.as_bytes())?;
                return Ok(Self { extra, index, proof: InclusionProof(proof), checkpoint });
            }
            if proof.len() == LONGEST_PROOF {
                return Err(wrong);
            }
            proof.push(parse_hash(line).ok_or(wrong)?);
        }
    }
}

/// A decimal number without leading zeros.
pub(crate) fn parse_number(digits: &str) -> Option<u64> {
    digits.parse().ok().filter(|number: &u64| number.to_string() == digits)
}

/// A hash in base64.
pub(crate) fn parse_hash(line: &str) -> Option<Hash> {
    BASE64.decode(line).ok()?.try_into().ok().map(Hash)
}
