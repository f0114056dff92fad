//! Pixels: from the bytes of a captured tally sheet to payload text, masked renditions and simulated sheets.
//!
//! This room knows pictures and the text inside their codes; it knows no elections. What a payload means is decided by
//! a country pack's grammar, elsewhere.

pub mod draw;
pub mod jpeg;
pub mod mask;
pub mod metadata;
pub mod picture;
pub mod proof;
pub mod qr;
