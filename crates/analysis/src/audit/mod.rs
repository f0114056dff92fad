//! The arithmetic of a random audit: drawing a sample that anyone can draw again, and what the sample says.
//!
//! An audit needs a list of stations whose hash was published *before* a seed was thrown in public. A station drawn whose
//! picture is missing counts as the worst error and is never drawn anew. An audit of this archive's transcription is not
//! an audit of the proclamation: whoever shows a result names which of the two it is.

pub mod course;
pub mod decimal;
pub mod discovery;
pub mod macro_batch;
pub mod martingale;
pub mod sampler;
pub mod session;
pub mod sha_random;
pub mod weighted;
