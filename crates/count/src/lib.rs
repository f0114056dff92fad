//! The domain and the fold: what an election is, what the ledger's entries say, and what follows from them.
//!
//! [`Count`] is a pure function of the entries `0..N` and of the documents whose hashes they hold. There is no clock,
//! no I/O, no randomness and no floating point in this crate. Pages, downloads and verification all read the same
//! `Count`; nothing public is computed anywhere else.

pub mod audits;
pub mod cell;
pub mod check;
mod columns;
pub mod definition;
pub mod entry;
pub mod fold;
pub mod geography;
pub mod grammar;
pub mod identifier;
pub mod ledger_facts;
pub mod mapping;
pub mod nist;
pub mod official_file;
pub mod officials;
pub mod pack;
pub mod readings;
pub mod refusal;
pub mod register;
mod rows;
pub mod rule;
pub mod rulings;
pub mod sheet_layout;
pub mod sheets;
pub mod source;
pub mod tally;
pub mod totals;

pub use cell::Cell;
pub use definition::{Candidate, Contest, Definition};
pub use entry::{Detail, Entry, EntryError, Numbers, Outcome, Reader, Reading, ReadingOf, SourceClass};
pub use fold::Count;
pub use fold::snapshot::SnapshotError;
pub use identifier::{CandidateId, ContestId, DocumentHash, EntryIndex, LevelId, SelectionId, StationId, UnitCode};
pub use pack::Pack;
pub use source::{LocalText, SourceError};
