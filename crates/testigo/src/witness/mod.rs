//! Witnesses: the server that countersigns other people's heads, and the client that has one's own countersigned.

pub mod client;
pub mod server;

use std::time::{SystemTime, UNIX_EPOCH};

use testigo_ledger::CosignatureTime;

/// What the clock says.
pub fn now() -> CosignatureTime {
    CosignatureTime(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()))
}
