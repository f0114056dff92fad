//! The bytes of an entry: refused, or an entry that is written as the very same bytes again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testigo_count::Entry;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.to_bytes().unwrap(), bytes);
    }
});
