//! Stamps over heads: what others say about when a head existed. They make a head hard to date back, and nothing else.
//!
//! What is stamped is the SHA-256 of a checkpoint's text: three lines that everyone can write who has the entries.

mod der;
pub mod opentimestamps;
pub mod rfc3161;

use crate::checkpoint::Checkpoint;
use crate::hash::Hash;

/// What is stamped of a head.
pub fn digest(head: &Checkpoint) -> Hash {
    Hash::of(head.to_string().as_bytes())
}
