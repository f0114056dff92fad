//! What a mirror or a witness sends: notes, policies, receipts, requests, bundles, keys.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testigo_ledger::note::SignedNote;
use testigo_ledger::policy::Policy;
use testigo_ledger::receipt::Receipt;
use testigo_ledger::tile::{TileWidth, parse_bundle, parse_hashes};
use testigo_ledger::witness::AddCheckpoint;

fuzz_target!(|bytes: &[u8]| {
    let _ = SignedNote::parse(bytes);
    let _ = Policy::parse(bytes);
    let _ = Receipt::parse(bytes);
    let _ = AddCheckpoint::parse(bytes);
    let Some((width, rest)) = bytes.split_first() else { return };
    if let Some(width) = TileWidth::new(u64::from(*width) + 1) {
        let _ = parse_bundle(rest, width);
        let _ = parse_hashes(rest, width);
    }
});
