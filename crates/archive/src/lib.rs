//! Where things are kept: one directory that holds a ledger, the public files its entries name, and what must stay private.
//!
//! | in the directory | what | public |
//! | --- | --- | --- |
//! | `format` | the version of this layout | |
//! | `lock` | held by the one process that writes | |
//! | `archive.db` | the sequence of entries not yet in bundles, which entries there are, the originals' salts, and the keys to their pixels | no |
//! | `ledger/` | checkpoint, every earlier checkpoint, bundles, tiles, the public keys in `key`, the witnesses in `policy` | yes |
//! | `documents/<hash>` | definition, pack, register, result files | yes |
//! | `renditions/<2 digits>/<hash>.<jpg or png>` | pictures as published | yes |
//! | `openings/<2 digits>/<pixels>.<rendition>` | what proves a rendition against the commitment to its pixels | yes |
//! | `originals/<2 digits>/<commitment>` | pictures as they came | no |
//! | `crops/<sheet's index>.png`, `.txt` | of sheets that could not be read: what a person should look at, and confirm | no |
//! | `withheld/` | renditions and openings that a ruling took from what is published | no |
//! | `last-mirror` | which mirror was published last, and by which program; without it the next one takes longer | no |
//! | `incoming/` | files being written; emptied on opening | no |
//!
//! [`Archive`] writes, [`ArchiveReader`] reads beside it without a lock, [`verify_ledger`] recomputes everything from the bytes.
//!
//! What is acknowledged is kept: [`Archive::append`] returns after the files named by the entries, and then the entries, are on the disk.
//! [`Archive::publish`] puts entries into bundles and tiles, syncs those, reads them back, and only then signs. Whatever a killed process left
//! half done is finished or discarded by the next [`Archive::open`].
//!
//! Entries are opaque bytes here; what they mean is the business of those who fold them.

mod database;
mod error;
mod files;
mod key_file;
mod last_mirror;
mod layout;
mod lock;
mod pictures;
mod publish;
mod reader;
mod recovery;
mod rotation;
mod signer;
mod verify;
mod witness_files;
mod witnesses;
mod writer;

pub use database::PixelSecret;
pub use error::ArchiveError;
pub use key_file::{LockedKey, StoredKey, create_key_file};
pub use last_mirror::LastMirror;
pub use layout::RenditionFormat;
pub use reader::ArchiveReader;
pub use signer::{Signer, head_file_of, read_key_file};
pub use verify::{Fault, LedgerReport, VerifyError, verify_entries, verify_ledger, verify_renditions};
pub use witness_files::WitnessFiles;
pub use witnesses::{Cosigned, Prove, RememberedHead, Witnesses};
pub use writer::{Appended, Archive, LONGEST_ENTRY, Original, StoredOriginal};
