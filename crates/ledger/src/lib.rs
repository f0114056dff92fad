//! The tamper-evident ledger: an append-only sequence of entries, each an opaque string of bytes, that anyone can copy and check.
//!
//! The formats are those of [C2SP](https://c2sp.org), at commit 5ba5ee8, so that tools which know nothing of this project can check a ledger:
//!
//! | what | where | specification |
//! | --- | --- | --- |
//! | Merkle tree, proofs | [`hash`], [`frontier`], [`proof`] | RFC 6962, section 2.1 |
//! | files | [`tile`], [`appender`], [`tiled`] | tlog-tiles |
//! | signatures and keys | [`note`], [`key`] | signed-note, Ed25519 only |
//! | signed head | [`checkpoint`], [`key_history`] | tlog-checkpoint |
//! | cosignatures of witnesses | [`cosignature`], [`witness`] | tlog-cosignature (version 1), tlog-witness |
//! | whom to believe | [`policy`] | tlog-policy |
//! | receipts | [`receipt`] | tlog-proof |
//! | stamps by others | [`anchor`] | RFC 3161, OpenTimestamps |
//!
//! The crate does no input or output. Whatever holds the files implements [`TileStore`]. A hash read from a tile proves nothing by itself:
//! to verify a ledger, recompute every leaf from the bytes of its entry with [`Frontier`] or [`Appender`] and compare.

pub mod anchor;
pub mod appender;
pub mod checkpoint;
pub mod cosignature;
pub mod frontier;
pub mod hash;
pub mod key;
pub mod key_history;
pub mod note;
pub mod policy;
pub mod position;
pub mod proof;
pub mod receipt;
pub mod tile;
pub mod tiled;
pub mod witness;

pub use appender::{Appender, EntryTooLong, LedgerFile, ResumeError};
pub use checkpoint::{Checkpoint, CheckpointError};
pub use cosignature::{CosignatureTime, CosignerKey, CosigningKey, WrongCosignature};
pub use frontier::Frontier;
pub use hash::{Hash, HashParseError, empty_root, leaf_hash, node_hash};
pub use key::{KeyError, KeyId, SigningKey, VerifyingKey};
pub use key_history::{KeyChainFault, KeyHistory, KeyHistoryError, KeysInEntries};
pub use note::{NoteError, NoteSignature, SignedNote};
pub use policy::{Policy, PolicyError, Witnessing};
pub use position::{EntryIndex, TreeSize};
pub use proof::{ConsistencyProof, InclusionProof, MemoryTree, ProofError, ProveError, SubtreeHashes};
pub use receipt::{Receipt, ReceiptError, ReceiptFault};
pub use tile::{BundleError, TileContent, TilePath, TilePathError, TileWidth};
pub use tiled::{TileStore, TiledError, TiledHashes};
pub use witness::{AddCheckpoint, Witness, WitnessAnswer, WitnessStore};
