//! What a mirror or a torrent file sends: the list of a mirror's files. What is accepted has one form, and leads nowhere outside.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testigo_site::mirror::{Manifest, is_path};
use testigo_site::torrent::Contents;

fuzz_target!(|bytes: &[u8]| {
    let _ = Contents::parse(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(manifest) = text.parse::<Manifest>() {
        assert_eq!(manifest.text(), text);
        assert!(manifest.files.iter().all(|file| is_path(&file.path)));
    }
});
